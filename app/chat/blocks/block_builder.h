#pragma once

#include "block.h"

#include <md4c.h>

#include <string_view>
#include <vector>

namespace lapidary::app {

/// Turns the calls of md4c into blocks. Containers (quotes, lists) are flattened into the depth of
/// the leaves they hold; a run of paragraphs of one list becomes one Text block.
class BlockBuilder {
public:
    /// `source` is what md4c reads; ranges of blocks are counted from `origin` bytes into it.
    BlockBuilder(std::string_view source, std::size_t origin) : source_(source), origin_(origin) {}

    void enterBlock(MD_BLOCKTYPE type, void* detail);
    void leaveBlock(MD_BLOCKTYPE type);
    void enterSpan(MD_SPANTYPE type, void* detail);
    void leaveSpan(MD_SPANTYPE type);
    void text(MD_TEXTTYPE type, std::string_view text);

    [[nodiscard]] std::vector<Block> takeBlocks();

private:
    struct List {
        bool ordered = false;
        bool tight = false;
        unsigned number = 0;
        char delimiter = '.';
    };
    struct OpenSpan {
        std::uint8_t styles = 0;
        QString address;
    };

    void endItemText(MD_BLOCKTYPE next);
    void leave(MD_BLOCKTYPE type);
    void beginParagraph();
    void endParagraph();
    void append(const QString& text);
    void noteSource(std::string_view text);
    void finishBlock(Block block);
    [[nodiscard]] int listDepth() const;

    std::string_view source_;
    std::size_t origin_;
    std::vector<Block> blocks_;
    std::vector<List> lists_;
    std::vector<OpenSpan> spans_;
    std::vector<QString> markers_; ///< of list items that have not shown a paragraph yet
    int quotes_ = 0;
    bool joinable_ = false; ///< the last block is a run of list items that may grow
    bool inCode_ = false;
    bool inTable_ = false;
    bool mathOnly_ = false; ///< the paragraph is one display formula so far
    std::size_t tableRow_ = 0;
    std::size_t tableColumn_ = 0;
    Paragraph paragraph_;
    Block block_;
    std::size_t begin_ = std::string_view::npos; ///< first and last byte of the open block
    std::size_t end_ = 0;
};

} // namespace lapidary::app
