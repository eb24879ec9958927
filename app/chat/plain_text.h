#pragma once

#include "blocks/block.h"

#include <QString>

#include <vector>

namespace lapidary::app {

/// The blocks as text without markup: what "Copy as text" gives.
[[nodiscard]] QString plainText(const std::vector<Block>& blocks);

} // namespace lapidary::app
