#pragma once

#include <QString>

namespace lapidary::app {

/// The title of a chat that begins with `text`: its first line, cut at a word.
[[nodiscard]] QString titleFrom(const QString& text);

} // namespace lapidary::app
