#include "block_builder.h"

#include "entities.h"
#include "math_delimiters.h"
#include "paragraph_pieces.h"
#include "visible_text.h"

#include <QCoreApplication>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

constexpr char16_t kLineBreak = 0x2028;

QString attribute(const MD_ATTRIBUTE& attribute) {
    if (attribute.text == nullptr || attribute.size == 0)
        return {};
    QString out;
    for (int i = 0; attribute.substr_offsets[i] < attribute.size; ++i) {
        const MD_OFFSET begin = attribute.substr_offsets[i];
        const QString part =
            fromUtf8({attribute.text + begin, attribute.substr_offsets[i + 1] - begin});
        out += attribute.substr_types[i] == MD_TEXT_ENTITY ? decodeEntity(part) : part;
    }
    return out;
}

ColumnAlignment alignment(MD_ALIGN align) {
    switch (align) {
    case MD_ALIGN_LEFT:
        return ColumnAlignment::Left;
    case MD_ALIGN_CENTER:
        return ColumnAlignment::Centre;
    case MD_ALIGN_RIGHT:
        return ColumnAlignment::Right;
    case MD_ALIGN_DEFAULT:
        break;
    }
    return ColumnAlignment::Default;
}

std::uint8_t styleOf(MD_SPANTYPE type) {
    switch (type) {
    case MD_SPAN_EM:
        return Italic;
    case MD_SPAN_STRONG:
        return Bold;
    case MD_SPAN_DEL:
        return Strike;
    case MD_SPAN_CODE:
    case MD_SPAN_LATEXMATH:
    case MD_SPAN_LATEXMATH_DISPLAY:
        return CodeStyle;
    case MD_SPAN_A:
        return Link;
    case MD_SPAN_IMG:
        return ImageReference;
    default:
        return 0;
    }
}

} // namespace

int BlockBuilder::listDepth() const {
    return std::min(static_cast<int>(lists_.size()), kMaxNesting);
}

void BlockBuilder::noteSource(std::string_view text) {
    // Line breaks and indents come from md4c's own constants, not from the source.
    if (text.data() < source_.data() || text.data() >= source_.data() + source_.size())
        return;
    const auto at = static_cast<std::size_t>(text.data() - source_.data());
    begin_ = std::min(begin_, at);
    end_ = std::max(end_, at + text.size());
}

void BlockBuilder::finishBlock(Block block) {
    block.quoteDepth = std::min(quotes_, kMaxNesting);
    if (begin_ != std::string_view::npos) {
        const std::size_t lineStart = source_.rfind('\n', begin_ == 0 ? 0 : begin_ - 1);
        const std::size_t begin = begin_ == 0 || lineStart == std::string_view::npos
                                          || (lineStart == 0 && source_[0] != '\n')
                                      ? 0
                                      : lineStart + 1;
        const std::size_t lineEnd = source_.find('\n', end_ == 0 ? 0 : end_ - 1);
        const std::size_t end = lineEnd == std::string_view::npos ? source_.size() : lineEnd + 1;
        block.sourceBegin = static_cast<qsizetype>(std::max(begin, origin_) - origin_);
        block.sourceEnd = static_cast<qsizetype>(std::max(end, origin_) - origin_);
    } else {
        block.sourceBegin = block.sourceEnd = blocks_.empty() ? 0 : blocks_.back().sourceEnd;
    }
    begin_ = std::string_view::npos;
    end_ = 0;

    const bool inList = !lists_.empty() && block.kind == BlockKind::Text;
    if (inList && joinable_ && block.joint == Joint::Apart
        && blocks_.back().quoteDepth == block.quoteDepth) {
        Block& last = blocks_.back();
        qsizetype characters = 0;
        for (const Paragraph& paragraph : last.paragraphs)
            characters += paragraph.text.size();
        if (characters < kTextBlockCharacters) {
            std::ranges::move(block.paragraphs, std::back_inserter(last.paragraphs));
            last.sourceEnd = block.sourceEnd;
            return;
        }
    }
    joinable_ = inList;
    blocks_.push_back(std::move(block));
}

void BlockBuilder::beginParagraph() {
    paragraph_ = {};
    paragraph_.indent = listDepth();
    paragraph_.tight = !lists_.empty() && lists_.back().tight;
    mathOnly_ = true;
    if (!markers_.empty() && !inTable_) {
        // An item that begins with another list shows one marker, the innermost.
        for (QString& marker : markers_) {
            if (!marker.isEmpty())
                paragraph_.marker = marker;
            marker.clear();
        }
    }
}

void BlockBuilder::endParagraph() {
    const std::vector<Span>& spans = paragraph_.spans;
    const bool formula = mathOnly_ && spans.size() == 1 && spans.front().start == 0
                         && spans.front().length == paragraph_.text.size();
    if (formula && paragraph_.marker.isEmpty() && paragraph_.heading == 0) {
        Block block;
        block.kind = BlockKind::Math;
        block.indent = listDepth();
        block.code = paragraph_.text.replace(QChar(kLineBreak), u'\n').trimmed();
        finishBlock(std::move(block));
    } else {
        // The first piece stands for the whole source of the paragraph.
        for (ParagraphPiece& piece : cutParagraph(std::move(paragraph_))) {
            Block block;
            block.joint = piece.joint;
            block.paragraphs.push_back(std::move(piece.paragraph));
            finishBlock(std::move(block));
        }
    }
    paragraph_ = {};
}

/// Ends the bare text of a list item before a block inside the item begins.
void BlockBuilder::endItemText(MD_BLOCKTYPE next) {
    if (lists_.empty() || next == MD_BLOCK_LI || next == MD_BLOCK_P || next == MD_BLOCK_H)
        return;
    const bool isList = next == MD_BLOCK_UL || next == MD_BLOCK_OL;
    const bool waits = !markers_.empty() && !markers_.back().isEmpty();
    if (paragraph_.text.isEmpty() && isList)
        return;
    if (waits)
        beginParagraph();
    if (!paragraph_.text.isEmpty() || !paragraph_.marker.isEmpty())
        endParagraph();
}

void BlockBuilder::enterBlock(MD_BLOCKTYPE type, void* detail) {
    if (!inTable_)
        endItemText(type);
    switch (type) {
    case MD_BLOCK_QUOTE:
        ++quotes_;
        joinable_ = false;
        break;
    case MD_BLOCK_UL: {
        const auto* list = static_cast<MD_BLOCK_UL_DETAIL*>(detail);
        lists_.push_back({.ordered = false, .tight = list->is_tight != 0});
        break;
    }
    case MD_BLOCK_OL: {
        const auto* list = static_cast<MD_BLOCK_OL_DETAIL*>(detail);
        lists_.push_back({.ordered = true,
                          .tight = list->is_tight != 0,
                          .number = list->start,
                          .delimiter = list->mark_delimiter});
        break;
    }
    case MD_BLOCK_LI: {
        const auto* item = static_cast<MD_BLOCK_LI_DETAIL*>(detail);
        List& list = lists_.back();
        QString marker = list.ordered ? QString::number(list.number++) + QLatin1Char(list.delimiter)
                                      : QStringLiteral("•");
        if (item->is_task != 0)
            marker = item->task_mark == ' ' ? QStringLiteral("☐") : QStringLiteral("☑");
        markers_.push_back(marker);
        // A tight item has no paragraph of its own: its text comes bare, or not at all.
        if (list.tight)
            beginParagraph();
        break;
    }
    case MD_BLOCK_H:
        beginParagraph();
        paragraph_.heading = static_cast<int>(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level);
        break;
    case MD_BLOCK_P:
        beginParagraph();
        break;
    case MD_BLOCK_CODE: {
        const auto* code = static_cast<MD_BLOCK_CODE_DETAIL*>(detail);
        inCode_ = true;
        block_ = {};
        block_.kind = BlockKind::Code;
        block_.indent = listDepth();
        block_.language = visibleText(attribute(code->lang), TextPlace::Code).left(64);
        break;
    }
    case MD_BLOCK_TABLE: {
        const auto* table = static_cast<MD_BLOCK_TABLE_DETAIL*>(detail);
        inTable_ = true;
        block_ = {};
        block_.kind = BlockKind::Table;
        block_.indent = listDepth();
        block_.columns.resize(std::min<std::size_t>(table->col_count, kMaxTableColumns));
        tableRow_ = 0;
        break;
    }
    case MD_BLOCK_TR:
        tableColumn_ = 0;
        break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
        beginParagraph();
        if (tableColumn_ < kMaxTableColumns)
            block_.columns[tableColumn_] =
                alignment(static_cast<MD_BLOCK_TD_DETAIL*>(detail)->align);
        break;
    case MD_BLOCK_DOC:
    case MD_BLOCK_HR:
    case MD_BLOCK_HTML:
    case MD_BLOCK_THEAD:
    case MD_BLOCK_TBODY:
        break;
    }
}

void BlockBuilder::leaveBlock(MD_BLOCKTYPE type) {
    leave(type);
    // The text of a tight item goes on bare after a block inside it.
    const bool inItem = type == MD_BLOCK_QUOTE || type == MD_BLOCK_UL || type == MD_BLOCK_OL
                        || type == MD_BLOCK_CODE || type == MD_BLOCK_TABLE || type == MD_BLOCK_HR;
    if (inItem && !lists_.empty() && lists_.back().tight)
        beginParagraph();
}

void BlockBuilder::leave(MD_BLOCKTYPE type) {
    switch (type) {
    case MD_BLOCK_QUOTE:
        --quotes_;
        joinable_ = false;
        break;
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
        lists_.pop_back();
        if (lists_.empty())
            joinable_ = false;
        break;
    case MD_BLOCK_LI:
        // An empty item, or a tight one whose text was not followed by another block.
        if (!markers_.back().isEmpty())
            beginParagraph();
        if (!paragraph_.text.isEmpty() || !paragraph_.marker.isEmpty())
            endParagraph();
        markers_.pop_back();
        break;
    case MD_BLOCK_H:
    case MD_BLOCK_P:
        endParagraph();
        break;
    case MD_BLOCK_CODE:
        inCode_ = false;
        block_.code = visibleText(block_.code, TextPlace::Code);
        finishBlock(std::exchange(block_, {}));
        break;
    case MD_BLOCK_TABLE:
        inTable_ = false;
        finishBlock(std::exchange(block_, {}));
        break;
    case MD_BLOCK_TR:
        ++tableRow_;
        break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
        if (tableColumn_ < kMaxTableColumns && tableRow_ < kMaxTableRows)
            block_.paragraphs.push_back(std::move(paragraph_));
        paragraph_ = {};
        ++tableColumn_;
        break;
    case MD_BLOCK_HR: {
        Block rule;
        rule.kind = BlockKind::Rule;
        finishBlock(std::move(rule));
        break;
    }
    case MD_BLOCK_DOC:
    case MD_BLOCK_HTML:
    case MD_BLOCK_THEAD:
    case MD_BLOCK_TBODY:
        break;
    }
}

void BlockBuilder::enterSpan(MD_SPANTYPE type, void* detail) {
    OpenSpan span = spans_.empty() ? OpenSpan{} : spans_.back();
    span.styles |= styleOf(type);
    if (type == MD_SPAN_A)
        span.address = attribute(static_cast<MD_SPAN_A_DETAIL*>(detail)->href);
    if (type == MD_SPAN_IMG)
        span.address = attribute(static_cast<MD_SPAN_IMG_DETAIL*>(detail)->src);
    if (type != MD_SPAN_LATEXMATH_DISPLAY || !paragraph_.text.isEmpty())
        mathOnly_ = false;
    spans_.push_back(std::move(span));
    // A picture is never fetched: it shows what it is of and where it lies.
    if (type == MD_SPAN_IMG)
        append(QCoreApplication::translate("BlockBuilder", "Image: "));
}

void BlockBuilder::leaveSpan(MD_SPANTYPE type) {
    if (type == MD_SPAN_IMG)
        append(u" ("_s + visibleText(spans_.back().address, TextPlace::Code) + u')');
    spans_.pop_back();
}

void BlockBuilder::append(const QString& text) {
    if (text.isEmpty())
        return;
    if (spans_.empty())
        mathOnly_ = false;
    else {
        const OpenSpan& open = spans_.back();
        const qsizetype start = paragraph_.text.size();
        Span* last = paragraph_.spans.empty() ? nullptr : &paragraph_.spans.back();
        if (last != nullptr && last->start + last->length == start && last->styles == open.styles
            && last->address == open.address)
            last->length += text.size();
        else
            paragraph_.spans.push_back({start, text.size(), open.styles, open.address});
    }
    paragraph_.text += text;
}

void BlockBuilder::text(MD_TEXTTYPE type, std::string_view text) {
    noteSource(text);
    if (inCode_) {
        block_.code +=
            type == MD_TEXT_NULLCHAR ? QString(QChar::ReplacementCharacter) : fromUtf8(text);
        return;
    }
    switch (type) {
    case MD_TEXT_BR:
    case MD_TEXT_SOFTBR:
        append(inTable_ ? QStringLiteral(" ") : QString(QChar(kLineBreak)));
        break;
    case MD_TEXT_NULLCHAR:
        append(QString(QChar::ReplacementCharacter));
        break;
    case MD_TEXT_ENTITY:
        append(visibleText(decodeEntity(fromUtf8(text)), TextPlace::Prose));
        break;
    case MD_TEXT_CODE:
    case MD_TEXT_LATEXMATH: {
        QString code = fromUtf8(text).replace(u'\n', u' ');
        if (inTable_)
            code.replace(QStringLiteral("\\|"), QStringLiteral("|"));
        append(visibleText(code, TextPlace::Code));
        break;
    }
    case MD_TEXT_NORMAL:
    case MD_TEXT_HTML: {
        QString run = fromUtf8(text);
        run.remove(QLatin1Char(kMathFiller));
        append(visibleText(run, TextPlace::Prose));
        break;
    }
    }
}

std::vector<Block> BlockBuilder::takeBlocks() {
    return std::move(blocks_);
}

} // namespace lapidary::app
