#pragma once

#include <string_view>

namespace lapidary::engine {

/// Without the white space that Unicode knows, at the beginning, the end or both: what the
/// published template's `trim` takes away. `text` is valid UTF-8, or is cut no further than its
/// first byte that is not.
[[nodiscard]] std::string_view trimLeft(std::string_view text);
[[nodiscard]] std::string_view trimRight(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);

} // namespace lapidary::engine
