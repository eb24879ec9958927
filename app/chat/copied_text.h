#pragma once

#include <QString>

#include <optional>

namespace lapidary::app {

/// What "Copy as text" gives of a message: its Markdown without the markup.
[[nodiscard]] QString withoutMarkup(const QString& markdown);

/// The last block of code of a message.
[[nodiscard]] std::optional<QString> lastCode(const QString& markdown);

} // namespace lapidary::app
