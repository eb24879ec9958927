#include "document_writer.h"

#include <QAbstractTextDocumentLayout>
#include <QFontMetricsF>
#include <QTextBlock>
#include <QTextCursor>
#include <QTextOption>
#include <QTextTable>
#include <QUrl>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

// Headings stay near the text's size: a conversation, not a page of the web.
constexpr double kHeadingScale[] = {1.35, 1.2, 1.1, 1.0, 1.0, 1.0};
constexpr double kMaxColumnEms = 22;
// Header cells are set like the smallest headings: the text's size, heavier.
constexpr int kHeaderWeight = 4;
constexpr int kMaxRowLines = 256;

QFont textFont(const BlockStyle& style, double scale = 1) {
    QFont font(style.textFamily);
    font.setPixelSize(static_cast<int>(std::lround(style.textPixels * scale)));
    return font;
}

QTextCharFormat baseFormat(const BlockStyle& style, const Paragraph& paragraph) {
    QTextCharFormat format;
    const double scale =
        paragraph.heading > 0 ? kHeadingScale[std::min(paragraph.heading, 6) - 1] : 1;
    format.setFont(textFont(style, scale));
    if (paragraph.heading > 0)
        format.setFontWeight(QFont::DemiBold);
    format.setForeground(style.text);
    return format;
}

QTextCharFormat spanFormat(const BlockStyle& style, QTextCharFormat format, const Span& span) {
    if ((span.styles & Bold) != 0)
        format.setFontWeight(format.fontWeight() > QFont::Normal ? QFont::Bold : QFont::DemiBold);
    if ((span.styles & Italic) != 0)
        format.setFontItalic(true);
    if ((span.styles & Strike) != 0)
        format.setFontStrikeOut(true);
    if ((span.styles & CodeStyle) != 0) {
        const double scale = format.font().pixelSize() / static_cast<double>(style.textPixels);
        QFont font = style.codeFont(static_cast<int>(std::lround(style.codePixels * scale)));
        font.setWeight(static_cast<QFont::Weight>(format.fontWeight()));
        font.setItalic(format.fontItalic());
        format.setFont(font);
        format.setBackground(style.codeBackground);
    }
    if ((span.styles & ImageReference) != 0)
        format.setForeground(style.dim);
    if ((span.styles & Link) != 0 && mayOpen(span.address)) {
        format.setAnchor(true);
        format.setAnchorHref(span.address);
        format.setForeground(style.link);
        format.setFontUnderline(true);
    }
    return format;
}

QTextBlockFormat blockFormat(const BlockStyle& style, const Paragraph& paragraph, bool first) {
    QTextBlockFormat format;
    const double size = baseFormat(style, paragraph).font().pixelSize();
    const double ratio = paragraph.heading > 0 ? 1.3 : style.lineHeight;
    format.setLineHeight(std::round(size * ratio), QTextBlockFormat::FixedHeight);
    if (!first)
        format.setTopMargin(std::round(style.textPixels * (paragraph.tight ? 0.25 : 0.6)));
    const double step = std::round(style.textPixels * 1.6);
    format.setLeftMargin(step * paragraph.indent);
    if (!paragraph.marker.isEmpty()) {
        const double width = QFontMetricsF(textFont(style)).horizontalAdvance(paragraph.marker);
        const double hang =
            std::max(std::round(style.textPixels * 1.1), std::ceil(width) + style.textPixels * 0.4);
        format.setTextIndent(-hang);
        format.setTabPositions({QTextOption::Tab(hang, QTextOption::LeftTab)});
    }
    return format;
}

/// Inserts the characters [from, end) of the paragraph with their formats.
void insertText(QTextCursor& cursor, const BlockStyle& style, const Paragraph& paragraph,
                qsizetype from) {
    const QTextCharFormat base = baseFormat(style, paragraph);
    const QStringView text(paragraph.text);
    qsizetype at = from;
    for (const Span& span : paragraph.spans) {
        const qsizetype end = span.start + span.length;
        if (end <= at)
            continue;
        if (span.start > at)
            cursor.insertText(text.sliced(at, span.start - at).toString(), base);
        at = std::max(at, span.start);
        cursor.insertText(text.sliced(at, end - at).toString(), spanFormat(style, base, span));
        at = end;
    }
    if (at < text.size())
        cursor.insertText(text.sliced(at).toString(), base);
}

void insertParagraph(QTextCursor& cursor, const BlockStyle& style, const Paragraph& paragraph,
                     bool first) {
    const QTextCharFormat base = baseFormat(style, paragraph);
    cursor.setBlockFormat(blockFormat(style, paragraph, first));
    cursor.setBlockCharFormat(base);
    if (!paragraph.marker.isEmpty()) {
        QTextCharFormat marker = base;
        marker.setForeground(style.dim);
        QFont digits = base.font();
        digits.setFeature("tnum", 1);
        marker.setFont(digits);
        cursor.insertText(paragraph.marker + u'\t', marker);
    }
    insertText(cursor, style, paragraph, 0);
}

/// `wanted` is `shown` with more text at its end, set in whatever way.
bool onlyGrew(const Paragraph& shown, const Paragraph& wanted) {
    if (shown.heading != wanted.heading || shown.indent != wanted.indent
        || shown.marker != wanted.marker || shown.tight != wanted.tight
        || !wanted.text.startsWith(shown.text) || wanted.spans.size() < shown.spans.size())
        return false;
    const qsizetype end = shown.text.size();
    for (std::size_t i = 0; i < shown.spans.size(); ++i) {
        Span cut = wanted.spans[i];
        cut.length = std::min(cut.length, std::max<qsizetype>(end - cut.start, 0));
        if (cut != shown.spans[i])
            return false;
    }
    return wanted.spans.size() == shown.spans.size()
           || wanted.spans[shown.spans.size()].start >= end;
}

Qt::Alignment cellAlignment(ColumnAlignment column) {
    switch (column) {
    case ColumnAlignment::Centre:
        return Qt::AlignHCenter;
    case ColumnAlignment::Right:
        return Qt::AlignRight;
    case ColumnAlignment::Default:
    case ColumnAlignment::Left:
        break;
    }
    return Qt::AlignLeft;
}

/// A column without an alignment of its own whose cells are all numbers is set to the right.
bool isNumeric(const Block& table, std::size_t column) {
    const std::size_t columns = table.columns.size();
    bool any = false;
    if (table.columns[column] != ColumnAlignment::Default)
        return false;
    for (std::size_t i = columns + column; i < table.paragraphs.size(); i += columns) {
        const QString text = table.paragraphs[i].text.trimmed();
        if (text.isEmpty())
            continue;
        any = true;
        const auto fits = [](QChar c) { return c.isDigit() || u"+-−.,  %€$"_s.contains(c); };
        if (!std::ranges::all_of(text, fits))
            return false;
    }
    return any;
}

double cellPadding(const BlockStyle& style) {
    return std::round(style.textPixels * 0.5);
}

/// Widens the columns for the cells from `first` on, in steps of an em: each makes the table anew.
void measureColumns(TableShape& shape, const BlockStyle& style, const Block& table,
                    std::size_t first) {
    const std::size_t columns = table.columns.size();
    const QFontMetricsF metrics(textFont(style));
    QFont headFont = textFont(style);
    headFont.setWeight(QFont::DemiBold);
    const QFontMetricsF headMetrics(headFont);
    const double step = style.textPixels;
    if (first == 0) {
        shape.columns.assign(columns, step + 2 * cellPadding(style));
        shape.numeric.clear();
        for (std::size_t column = 0; column < columns; ++column)
            shape.numeric.push_back(isNumeric(table, column));
    }
    for (std::size_t i = first; i < table.paragraphs.size(); ++i) {
        const Paragraph& cell = table.paragraphs[i];
        const double natural =
            (i < columns ? headMetrics : metrics).horizontalAdvance(cell.text.left(200))
            * (cell.spans.empty() ? 1.0 : 1.08);
        const double width = std::min(std::ceil((natural + 2) / step) * step, kMaxColumnEms * step);
        shape.columns[i % columns] =
            std::max(shape.columns[i % columns], width + 2 * cellPadding(style));
    }
    shape.width = std::accumulate(shape.columns.begin(), shape.columns.end(), 0.0);
}

QTextTableFormat tableFormat(const TableShape& shape) {
    QList<QTextLength> widths;
    for (const double width : shape.columns)
        widths.append(QTextLength(QTextLength::FixedLength, width));
    QTextTableFormat format;
    format.setBorder(0);
    format.setCellPadding(0);
    format.setCellSpacing(0);
    format.setColumnWidthConstraints(widths);
    format.setHeaderRowCount(1);
    return format;
}

void writeCell(QTextTable& grid, const BlockStyle& style, const Block& table,
               const TableShape& shape, std::size_t number) {
    const std::size_t columns = table.columns.size();
    const std::size_t row = number / columns;
    const std::size_t column = number % columns;
    Paragraph cell = table.paragraphs[number];
    QTextTableCell place = grid.cellAt(static_cast<int>(row), static_cast<int>(column));
    QTextCursor inside = place.firstCursorPosition();
    if (inside != place.lastCursorPosition()) {
        inside.setPosition(place.lastCursorPosition().position(), QTextCursor::KeepAnchor);
        inside.removeSelectedText();
    }
    const double padding = cellPadding(style);
    QTextTableCellFormat cellFormat;
    cellFormat.setLeftPadding(padding);
    cellFormat.setRightPadding(padding);
    cellFormat.setTopPadding(std::round(padding * 0.6));
    cellFormat.setBottomPadding(std::round(padding * 0.6));
    place.setFormat(cellFormat);
    cell.heading = row == 0 ? kHeaderWeight : 0;
    QTextBlockFormat block = blockFormat(style, cell, true);
    block.setAlignment(shape.numeric[column] ? Qt::AlignRight
                                             : cellAlignment(table.columns[column]));
    inside.setBlockFormat(block);
    insertText(inside, style, cell, 0);
}

/// Where the rows from `first` on begin.
void noteRows(TableShape& shape, QTextDocument& document, const BlockStyle& style,
              const QTextTable& grid, int first) {
    if (document.textWidth() != shape.width) // or all would be laid out again
        document.setTextWidth(shape.width);
    const QAbstractTextDocumentLayout& layout = *document.documentLayout();
    first = std::max(first, 1);
    shape.rowTops.resize(std::min<qsizetype>(shape.rowTops.size(), first - 1));
    for (int row = static_cast<int>(shape.rowTops.size()) + 1;
         row < std::min(grid.rows(), kMaxRowLines); ++row) {
        const QTextBlock block = grid.cellAt(row, 0).firstCursorPosition().block();
        shape.rowTops.append(layout.blockBoundingRect(block).top()
                             - std::round(cellPadding(style) * 0.6));
    }
}

} // namespace

bool mayOpen(const QString& address) {
    const QString scheme = QUrl(address).scheme().toLower();
    return scheme == u"http"_s || scheme == u"https"_s || scheme == u"mailto"_s;
}

void prepareDocument(QTextDocument& document) {
    document.setUndoRedoEnabled(false);
    document.setDocumentMargin(0);
    document.setResourceProvider([](const QUrl&) { return QVariant(QByteArray()); });
}

void writeParagraphs(QTextDocument& document, const BlockStyle& style,
                     const std::vector<Paragraph>& shown, const std::vector<Paragraph>& wanted) {
    std::size_t same = 0;
    while (same < shown.size() && same < wanted.size() && shown[same] == wanted[same])
        ++same;
    QTextCursor cursor(&document);
    cursor.beginEditBlock();
    cursor.movePosition(QTextCursor::End);
    std::size_t next = same;
    if (same + 1 == shown.size() && same < wanted.size() && onlyGrew(shown[same], wanted[same])) {
        insertText(cursor, style, wanted[same], shown[same].text.size());
        next = same + 1;
    } else if (same < shown.size() || shown.empty()) {
        const QTextBlock block = document.findBlockByNumber(static_cast<int>(same));
        const int start = same == 0 ? 0 : block.position() - 1;
        cursor.setPosition(start);
        cursor.movePosition(QTextCursor::End, QTextCursor::KeepAnchor);
        cursor.removeSelectedText();
        if (same == 0 && !wanted.empty()) {
            insertParagraph(cursor, style, wanted[0], true);
            next = 1;
        }
    }
    for (; next < wanted.size(); ++next) {
        cursor.insertBlock();
        insertParagraph(cursor, style, wanted[next], false);
    }
    cursor.endEditBlock();
}

TableShape writeTable(QTextDocument& document, const BlockStyle& style, const Block& table) {
    document.clear();
    const std::size_t columns = table.columns.size();
    const std::size_t rows = columns == 0 ? 0 : table.paragraphs.size() / columns;
    if (rows == 0)
        return {};
    TableShape shape;
    measureColumns(shape, style, table, 0);
    QTextCursor cursor(&document);
    cursor.beginEditBlock();
    QTextTable* grid =
        cursor.insertTable(static_cast<int>(rows), static_cast<int>(columns), tableFormat(shape));
    for (std::size_t cell = 0; cell < rows * columns; ++cell)
        writeCell(*grid, style, table, shape, cell);
    cursor.endEditBlock();
    noteRows(shape, document, style, *grid, 1);
    return shape;
}

bool growTable(QTextDocument& document, const BlockStyle& style, TableShape& shape,
               const Block& shown, const Block& wanted) {
    const std::size_t columns = wanted.columns.size();
    const std::size_t known = shown.paragraphs.size();
    if (columns == 0 || known < 2 * columns || wanted.paragraphs.size() < known
        || shown.columns != wanted.columns)
        return false;
    // Only the last row that was shown may still have been growing.
    const std::size_t first = known - columns;
    if (!std::equal(shown.paragraphs.begin(),
                    shown.paragraphs.begin() + static_cast<std::ptrdiff_t>(first),
                    wanted.paragraphs.begin()))
        return false;
    for (std::size_t column = 0; column < columns; ++column)
        if (isNumeric(wanted, column) != shape.numeric[column])
            return false;
    QTextTable* grid = nullptr;
    for (QTextFrame* frame : document.rootFrame()->childFrames())
        if (auto* found = qobject_cast<QTextTable*>(frame))
            grid = found;
    if (grid == nullptr)
        return false;
    const double before = shape.width;
    measureColumns(shape, style, wanted, first);
    QTextCursor cursor(&document);
    cursor.beginEditBlock();
    if (shape.width != before)
        grid->setFormat(tableFormat(shape));
    if (wanted.paragraphs.size() > known)
        grid->appendRows(static_cast<int>((wanted.paragraphs.size() - known) / columns));
    for (std::size_t cell = first; cell < wanted.paragraphs.size(); ++cell)
        if (cell >= known || shown.paragraphs[cell] != wanted.paragraphs[cell])
            writeCell(*grid, style, wanted, shape, cell);
    cursor.endEditBlock();
    noteRows(shape, document, style, *grid, static_cast<int>(first / columns));
    return true;
}

void writeFormula(QTextDocument& document, const BlockStyle& style, const QString& formula) {
    document.clear();
    QTextCursor cursor(&document);
    QTextCharFormat format;
    format.setFont(style.codeFont(style.codePixels));
    format.setForeground(style.text);
    QTextBlockFormat block;
    block.setAlignment(Qt::AlignHCenter);
    block.setLineHeight(std::round(style.codePixels * 1.6), QTextBlockFormat::FixedHeight);
    cursor.beginEditBlock();
    cursor.setBlockFormat(block);
    cursor.insertText(formula, format);
    cursor.endEditBlock();
}

} // namespace lapidary::app
