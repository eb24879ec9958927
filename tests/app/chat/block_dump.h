#pragma once

#include <chat/blocks/block.h>

#include <QString>

#include <vector>

/// Blocks in the notation of blocks.spec.md.
QString dumpBlocks(const std::vector<lapidary::app::Block>& blocks);
