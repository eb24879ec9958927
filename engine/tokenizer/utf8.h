#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lapidary::engine {

/// What stands at the beginning of a text: a character, bytes that can become none, or the
/// beginning of a character whose rest may still come.
struct Utf8Step {
    enum class Kind : std::uint8_t { Character, Invalid, Unfinished };
    Kind kind = Kind::Invalid;
    std::size_t length = 1; ///< of the character, or of the maximal part that belongs together
};

/// Looks at the beginning of `text`, which is not empty. Well-formed is what Unicode 15, table 3-7
/// says: no surrogates, no overlong forms, nothing above U+10FFFF.
[[nodiscard]] Utf8Step utf8Step(std::string_view text);

[[nodiscard]] bool isUtf8(std::string_view text);

/// The text with U+FFFD for each maximal part that is no UTF-8.
[[nodiscard]] std::string withoutInvalidUtf8(std::string_view text);

/// The code point of the character at the beginning of `text`, which is valid UTF-8.
[[nodiscard]] char32_t firstCodePoint(std::string_view text);

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

} // namespace lapidary::engine
