#include "block_document.h"

#include "document_writer.h"

#include <QQuickItem>
#include <QTextBlock>
#include <QTextCursor>

#include <algorithm>
#include <cmath>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

// Of one block; more is read by moving through its text.
constexpr qsizetype kSpokenCharacters = 2000;
// Between the pieces of a table whose columns have settled: a frame.
constexpr int kReshapeMs = 16;

/// Where the line begins that is `lines` after the one at `from`; -1: there are not so many.
qsizetype lineStart(QStringView text, qsizetype from, int lines) {
    for (; lines > 0; --lines) {
        const qsizetype newline = text.indexOf(u'\n', from);
        if (newline < 0)
            return -1;
        from = newline + 1;
    }
    return from;
}

} // namespace

void BlockDocument::componentComplete() {
    complete_ = true;
    rewrite();
}

void BlockDocument::setTarget(QQuickTextDocument* target) {
    if (target_ == target)
        return;
    target_ = target;
    if (target != nullptr)
        prepareDocument(*target->textDocument());
    emit targetChanged();
    rewrite();
}

void BlockDocument::setBlocks(BlockListModel* blocks) {
    if (blocks_ == blocks)
        return;
    if (blocks_)
        disconnect(blocks_, nullptr, this, nullptr);
    blocks_ = blocks;
    if (blocks != nullptr) {
        connect(blocks, &QAbstractItemModel::dataChanged, this,
                [this](const QModelIndex& first, const QModelIndex& last) {
                    if (row_ >= first.row() && row_ <= last.row())
                        update();
                });
        connect(blocks, &QAbstractItemModel::modelReset, this, &BlockDocument::rewrite);
    }
    emit blocksChanged();
    rewrite();
}

void BlockDocument::setRow(int row) {
    if (row_ == row)
        return;
    row_ = row;
    emit rowChanged();
    rewrite();
}

void BlockDocument::setStyle(BlockStyle* style) {
    if (style_ == style)
        return;
    if (style_)
        disconnect(style_, nullptr, this, nullptr);
    style_ = style;
    // A change of theme or zoom sets many tokens at once: one rewrite for all of them.
    if (style != nullptr)
        connect(style, &BlockStyle::changed, this, [this] {
            if (!restyle_.isActive())
                restyle_.start(0, this);
        });
    emit styleChanged();
    rewrite();
}

void BlockDocument::timerEvent(QTimerEvent* event) {
    if (event->timerId() == reshape_.timerId()) {
        reshape_.stop();
        update();
        return;
    }
    restyle_.stop();
    rewrite();
}

void BlockDocument::setLineLimit(int limit) {
    if (lineLimit_ == limit)
        return;
    lineLimit_ = limit;
    emit lineLimitChanged();
    rewrite();
}

void BlockDocument::setBefore(BlockDocument* before) {
    if (before_ == before)
        return;
    if (before_)
        disconnect(before_, nullptr, this, nullptr);
    before_ = before;
    // One after the other: all at once would take longer than a frame.
    if (before != nullptr)
        connect(before, &BlockDocument::tableShapeChanged, this, [this] {
            reshape_.start(kReshapeMs * (firstLine_ / std::max(lineLimit_, 1)), this);
        });
    emit pieceChanged();
}

void BlockDocument::setGrowing(bool growing) {
    if (growing_ == growing)
        return;
    growing_ = growing;
    emit growingChanged();
    if (!growing && shown_ && shown_->kind == BlockKind::Table)
        update();
}

void BlockDocument::rewrite() {
    shown_.reset();
    shownCode_ = 0;
    colours_.reset();
    update();
}

void BlockDocument::update() {
    if (!complete_ || !target_ || !blocks_ || !style_)
        return;
    const Block* block = blocks_->block(row_);
    if (block == nullptr)
        return;
    QTextDocument& document = *target_->textDocument();
    const int lines = lineCount_;
    if (!shown_)
        prepareWidth(document);
    if (shown_ && shown_->kind != block->kind) {
        shown_.reset();
        shownCode_ = 0;
        colours_.reset();
    }
    if (!shown_)
        document.clear();
    switch (block->kind) {
    case BlockKind::Text:
        writeParagraphs(document, *style_, shown_ ? shown_->paragraphs : std::vector<Paragraph>(),
                        block->paragraphs);
        break;
    case BlockKind::Code:
        writeCode(*block, document);
        break;
    case BlockKind::Table:
        writeRows(*block, document);
        break;
    case BlockKind::Math:
        writeFormula(document, *style_, block->code);
        break;
    case BlockKind::Rule:
        break;
    }
    naturalWidth_ =
        block->kind == BlockKind::Table ? table_.width : std::ceil(document.idealWidth());
    noteShape(*block);
    shown_ = shownPartOf(*block);
    emit shownChanged();
    if (lineCount_ != lines)
        emit lineCountChanged();
}

/// An item that is not complete has not told its document its width: the text would be laid out for
/// none, word under word, and then again.
void BlockDocument::prepareWidth(QTextDocument& document) const {
    const auto* item = qobject_cast<const QQuickItem*>(target_->parent());
    if (item != nullptr && item->width() > 0 && document.textWidth() != item->width())
        document.setTextWidth(item->width());
}

void BlockDocument::noteShape(const Block& block) {
    continuing_ = block.joint != Joint::Apart;
    quoteDepth_ = block.quoteDepth;
    indent_ = block.indent;
    heading_ = block.paragraphs.empty() || block.kind != BlockKind::Text
                   ? 0
                   : block.paragraphs.front().heading;
    if (block.kind == BlockKind::Code && (!shown_ || shown_->language != block.language))
        language_ = properLanguageName(block.language);
}

void BlockDocument::writeCode(const Block& block, QTextDocument& document) {
    if (shown_ && (shown_->language != block.language || !block.code.startsWith(shown_->code))) {
        document.clear();
        shown_.reset();
        shownCode_ = 0;
        colours_.reset();
    }
    const QString before = shown_ ? shown_->code : QString();
    const qsizetype known = before.size();
    lineCount_ = (shown_ ? lineCount_ : 0)
                 + static_cast<int>(QStringView(block.code).sliced(known).count(u'\n'));
    const bool openLine = !block.code.isEmpty() && !block.code.endsWith(u'\n');
    const bool oldOpenLine = known > 0 && !before.endsWith(u'\n');
    lineCount_ += static_cast<int>(openLine) - static_cast<int>(oldOpenLine);

    // The last line break is not shown: it would leave an empty line below the code.
    qsizetype end = block.code.size() - (block.code.endsWith(u'\n') ? 1 : 0);
    const qsizetype begin = lineStart(block.code, 0, firstLine_);
    if (begin < 0)
        return;
    if (lineLimit_ > 0 && lineCount_ > firstLine_ + lineLimit_)
        end = lineStart(block.code, begin, lineLimit_) - 1;
    const qsizetype from = std::max(shownCode_, begin);
    if (end <= from && shown_)
        return;
    if (!colours_) {
        CodeColours& colours = colours_.emplace(block.language, style_->dark);
        if (before_) {
            before_->update(); // its last line may have grown in this very moment
            if (const std::optional<CodeColours>& previous = before_->colours_)
                colours.goOnFrom(*previous);
        }
    }

    QTextCursor cursor(&document);
    cursor.beginEditBlock();
    cursor.movePosition(QTextCursor::End);
    if (from == begin) {
        QTextCharFormat format;
        format.setFont(style_->codeFont(style_->codePixels));
        format.setForeground(style_->text);
        QTextBlockFormat lines;
        lines.setLineHeight(std::round(style_->codePixels * 1.5), QTextBlockFormat::FixedHeight);
        cursor.setBlockFormat(lines);
        cursor.setBlockCharFormat(format);
        cursor.setCharFormat(format);
    }
    const int firstLine = cursor.blockNumber();
    cursor.insertText(block.code.sliced(from, std::max<qsizetype>(end - from, 0)));
    for (QTextBlock line = document.findBlockByNumber(firstLine); line.isValid();
         line = line.next())
        line.layout()->setFormats(
            colours_->line(static_cast<std::size_t>(line.blockNumber()), line.text()));
    cursor.endEditBlock();
    const QTextBlock first = document.findBlockByNumber(firstLine);
    document.markContentsDirty(first.position(), document.characterCount() - first.position());
    shownCode_ = std::max<qsizetype>(end, 0);
}

Block BlockDocument::shownPartOf(const Block& block) const {
    return block.kind == BlockKind::Table ? rowsOf(block, static_cast<std::size_t>(firstLine_),
                                                   static_cast<std::size_t>(lineLimit_))
                                          : block;
}

void BlockDocument::writeRows(const Block& table, QTextDocument& document) {
    const TableHead head = firstLine_ == 0 ? TableHead::Yes : TableHead::No;
    const Block piece = shownPartOf(table);
    const TableShape shape = tableShape(table, piece);
    lineCount_ =
        static_cast<int>(table.paragraphs.size() / std::max<std::size_t>(table.columns.size(), 1))
        - 1;
    const bool reshaped = shape != table_;
    if (!shown_ || reshaped || !shown_->looksLike(piece))
        if (!shown_ || !growTable(document, *style_, table_, shape, *shown_, piece, head, rowTops_))
            rowTops_ = writeTable(document, *style_, shape, piece, head);
    table_ = shape;
    if (reshaped && head == TableHead::Yes)
        emit tableShapeChanged();
}

/// The first document of a table measures it for all.
TableShape BlockDocument::tableShape(const Block& table, const Block& piece) const {
    const std::size_t columns = table.columns.size();
    if (firstLine_ > 0 && before_ && before_->table_.columns.size() == columns)
        return before_->table_;
    if (!growing_ || !shown_ || table_.columns.size() != columns)
        return shapeOf(table, *style_);
    if (piece.paragraphs.size() < table.paragraphs.size())
        return table_; // what is shown already stays as it is
    const std::size_t known = shown_->paragraphs.size();
    const auto before = static_cast<std::ptrdiff_t>(known - std::min(known, columns));
    if (piece.paragraphs.size() < known
        || !std::equal(piece.paragraphs.begin(), piece.paragraphs.begin() + before,
                       shown_->paragraphs.begin()))
        return shapeOf(table, *style_);
    TableShape grown = table_;
    growShape(grown, table, *style_, static_cast<std::size_t>(before));
    return grown;
}

QString BlockDocument::spoken() const {
    QString text;
    if (shown_ && shown_->kind == BlockKind::Code)
        text = shown_->code.sliced(std::max<qsizetype>(lineStart(shown_->code, 0, firstLine_), 0))
                   .left(kSpokenCharacters);
    else if (shown_)
        for (const Paragraph& paragraph : shown_->paragraphs)
            if (text.size() < kSpokenCharacters)
                text += (text.isEmpty() ? QString() : u"\n"_s)
                        + paragraph.text.left(kSpokenCharacters - text.size());
    return text;
}

QString BlockDocument::code() const {
    const Block* block = blocks_ ? blocks_->block(row_) : nullptr;
    return block != nullptr ? block->code : QString();
}

QString BlockDocument::markdown() const {
    const Block* block = blocks_ ? blocks_->block(row_) : nullptr;
    if (block == nullptr)
        return {};
    const std::string& source = blocks_->source();
    const auto begin = static_cast<std::size_t>(block->sourceBegin);
    return QString::fromStdString(
        source.substr(begin, static_cast<std::size_t>(block->sourceEnd) - begin));
}

QString BlockDocument::commaSeparated() const {
    const Block* block = blocks_ ? blocks_->block(row_) : nullptr;
    if (block == nullptr || block->columns.empty())
        return {};
    QString out;
    for (std::size_t i = 0; i < block->paragraphs.size(); ++i) {
        QString cell = block->paragraphs[i].text;
        if (cell.contains(u',') || cell.contains(u'"') || cell.contains(u'\n'))
            cell = u'"' + cell.replace(u'"', u"\"\""_s) + u'"';
        out += cell + ((i + 1) % block->columns.size() == 0 ? u"\r\n"_s : u","_s);
    }
    return out;
}

} // namespace lapidary::app
