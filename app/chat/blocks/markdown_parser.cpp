#include "markdown_parser.h"

#include "block_builder.h"
#include "math_delimiters.h"

#include <string>

namespace lapidary::app {

namespace {

BlockBuilder& builder(void* userdata) {
    return *static_cast<BlockBuilder*>(userdata);
}

constexpr MD_PARSER kParser = {
    .abi_version = 0,
    .flags = MD_DIALECT_GITHUB | MD_FLAG_NOHTML | MD_FLAG_LATEXMATHSPANS,
    .enter_block =
        [](MD_BLOCKTYPE type, void* detail, void* userdata) {
            builder(userdata).enterBlock(type, detail);
            return 0;
        },
    .leave_block =
        [](MD_BLOCKTYPE type, void*, void* userdata) {
            builder(userdata).leaveBlock(type);
            return 0;
        },
    .enter_span =
        [](MD_SPANTYPE type, void* detail, void* userdata) {
            builder(userdata).enterSpan(type, detail);
            return 0;
        },
    .leave_span =
        [](MD_SPANTYPE type, void*, void* userdata) {
            builder(userdata).leaveSpan(type);
            return 0;
        },
    .text =
        [](MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* userdata) {
            builder(userdata).text(type, {text, size});
            return 0;
        },
    .debug_log = nullptr,
    .syntax = nullptr,
};

} // namespace

std::vector<Block> parseMarkdown(std::string_view markdown, std::string_view definitions,
                                 qsizetype sourceOffset) {
    std::string text;
    if (!definitions.empty())
        text.append(definitions).append("\n\n");
    const std::size_t origin = text.size();
    text += withDollarMath(markdown);
    BlockBuilder blocks(text, origin);
    md_parse(text.data(), static_cast<MD_SIZE>(text.size()), &kParser, &blocks);
    std::vector<Block> result = blocks.takeBlocks();
    for (Block& block : result) {
        block.sourceBegin += sourceOffset;
        block.sourceEnd += sourceOffset;
    }
    return result;
}

} // namespace lapidary::app
