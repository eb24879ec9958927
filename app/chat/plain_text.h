#pragma once

#include "blocks/block.h"

#include <QString>

#include <vector>

namespace lapidary::app {

/// What stands between the text of a block and that of the one before it.
[[nodiscard]] QString jointText(Joint joint);

/// The blocks as text without markup: what "Copy as text" gives.
[[nodiscard]] QString plainText(const std::vector<Block>& blocks);

} // namespace lapidary::app
