#include "copied_text.h"

#include "blocks/block_list.h"
#include "plain_text.h"

#include <algorithm>

namespace lapidary::app {

namespace {

BlockList blocksOf(const QString& markdown) {
    BlockList blocks;
    blocks.append(markdown.toStdString());
    blocks.finish();
    return blocks;
}

} // namespace

QString withoutMarkup(const QString& markdown) {
    return plainText(blocksOf(markdown).blocks());
}

std::optional<QString> lastCode(const QString& markdown) {
    const BlockList blocks = blocksOf(markdown);
    const auto& all = blocks.blocks();
    const auto code = std::ranges::find(all.rbegin(), all.rend(), BlockKind::Code, &Block::kind);
    return code == all.rend() ? std::nullopt : std::optional(code->code);
}

} // namespace lapidary::app
