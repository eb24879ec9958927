#pragma once

#include "block.h"

#include <string_view>
#include <vector>

namespace lapidary::app {

/// Reads Markdown (CommonMark with GitHub's tables, strike-through, task lists, bare addresses;
/// formulas between dollars; HTML is text) into blocks. Every line break of a paragraph is kept:
/// models mean them.
///   definitions  link reference definitions from earlier in the message
///   sourceOffset where `markdown` begins in the message; block ranges count from its start
[[nodiscard]] std::vector<Block> parseMarkdown(std::string_view markdown,
                                               std::string_view definitions = {},
                                               qsizetype sourceOffset = 0);

} // namespace lapidary::app
