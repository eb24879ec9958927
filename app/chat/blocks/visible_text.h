#pragma once

#include <QString>
#include <QStringView>

#include <string_view>

namespace lapidary::app {

/// Where a text is shown decides which invisible characters are honest there.
enum class TextPlace {
    Prose, ///< joiners and direction marks are part of scripts and emoji; overrides are not
    Code,  ///< every invisible character is shown: "a != b" must not look like "a == b"
};

/// The text with nothing hidden in it: control characters become their pictures, direction
/// overrides (and in code all invisible characters) become ⟨U+202E⟩, characters that a
/// QTextDocument gives a meaning of its own become U+FFFD, and a base keeps at most 8 combining
/// marks. Newline and tab stay.
[[nodiscard]] QString visibleText(QStringView text, TextPlace place);

/// UTF-8 as it is, a mark of byte order at its start included; what is invalid becomes U+FFFD.
[[nodiscard]] QString fromUtf8(std::string_view utf8);

} // namespace lapidary::app
