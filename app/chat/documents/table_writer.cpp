#include "table_writer.h"

#include "document_writer.h"

#include <QAbstractTextDocumentLayout>
#include <QFontMetricsF>
#include <QTextBlock>
#include <QTextCursor>
#include <QTextTable>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

constexpr double kMaxColumnEms = 22;
// Header cells are set like the smallest headings: the text's size, heavier.
constexpr int kHeaderWeight = 4;

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

QTextTableFormat tableFormat(const TableShape& shape, TableHead head) {
    QList<QTextLength> widths;
    for (const double width : shape.columns)
        widths.append(QTextLength(QTextLength::FixedLength, width));
    QTextTableFormat format;
    format.setBorder(0);
    format.setCellPadding(0);
    format.setCellSpacing(0);
    format.setColumnWidthConstraints(widths);
    format.setHeaderRowCount(head == TableHead::Yes ? 1 : 0);
    return format;
}

void writeCell(QTextTable& grid, const BlockStyle& style, const Block& piece,
               const TableShape& shape, std::size_t number, TableHead head) {
    const std::size_t columns = piece.columns.size();
    const std::size_t row = number / columns;
    const std::size_t column = number % columns;
    Paragraph cell = piece.paragraphs[number];
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
    cell.heading = row == 0 && head == TableHead::Yes ? kHeaderWeight : 0;
    QTextBlockFormat block = blockFormat(style, cell, true);
    block.setAlignment(shape.numeric[column] ? Qt::AlignRight
                                             : cellAlignment(piece.columns[column]));
    inside.setBlockFormat(block);
    insertText(inside, style, cell, 0);
}

/// Where the rows from `first` on begin.
void noteRows(QList<double>& rowTops, QTextDocument& document, const BlockStyle& style,
              const TableShape& shape, const QTextTable& grid, int first, TableHead head) {
    if (document.textWidth() != shape.width) // or all would be laid out again
        document.setTextWidth(shape.width);
    const QAbstractTextDocumentLayout& layout = *document.documentLayout();
    const int headers = head == TableHead::Yes ? 1 : 0;
    rowTops.resize(std::min<qsizetype>(rowTops.size(), std::max(first - headers, 0)));
    for (int row = static_cast<int>(rowTops.size()) + headers; row < grid.rows(); ++row) {
        const QTextBlock block = grid.cellAt(row, 0).firstCursorPosition().block();
        rowTops.append(layout.blockBoundingRect(block).top()
                       - std::round(cellPadding(style) * 0.6));
    }
}

QTextTable* gridOf(const QTextDocument& document) {
    for (QTextFrame* frame : document.rootFrame()->childFrames())
        if (auto* grid = qobject_cast<QTextTable*>(frame))
            return grid;
    return nullptr;
}

} // namespace

TableShape shapeOf(const Block& table, const BlockStyle& style) {
    TableShape shape;
    shape.columns.assign(table.columns.size(), style.textPixels + 2 * cellPadding(style));
    growShape(shape, table, style, 0);
    return shape;
}

void growShape(TableShape& shape, const Block& table, const BlockStyle& style,
               std::size_t firstCell) {
    const std::size_t columns = table.columns.size();
    const QFontMetricsF metrics(textFont(style));
    QFont headFont = textFont(style);
    headFont.setWeight(QFont::DemiBold);
    const QFontMetricsF headMetrics(headFont);
    const double step = style.textPixels;
    shape.numeric.clear();
    for (std::size_t column = 0; column < columns; ++column)
        shape.numeric.push_back(isNumeric(table, column));
    for (std::size_t i = firstCell; i < table.paragraphs.size(); ++i) {
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

Block rowsOf(const Block& table, std::size_t first, std::size_t count) {
    const std::size_t columns = table.columns.size();
    const std::size_t cells = table.paragraphs.size();
    const std::size_t begin = first == 0 ? 0 : std::min(cells, (1 + first) * columns);
    const std::size_t end = count == 0 ? cells : std::min(cells, (1 + first + count) * columns);
    Block piece;
    piece.kind = table.kind;
    piece.quoteDepth = table.quoteDepth;
    piece.indent = table.indent;
    piece.columns = table.columns;
    piece.paragraphs.assign(table.paragraphs.begin() + static_cast<std::ptrdiff_t>(begin),
                            table.paragraphs.begin() + static_cast<std::ptrdiff_t>(end));
    return piece;
}

QList<double> writeTable(QTextDocument& document, const BlockStyle& style, const TableShape& shape,
                         const Block& piece, TableHead head) {
    document.clear();
    const std::size_t columns = piece.columns.size();
    const std::size_t rows = columns == 0 ? 0 : piece.paragraphs.size() / columns;
    if (rows == 0)
        return {};
    QTextCursor cursor(&document);
    cursor.beginEditBlock();
    QTextTable* grid = cursor.insertTable(static_cast<int>(rows), static_cast<int>(columns),
                                          tableFormat(shape, head));
    for (std::size_t cell = 0; cell < rows * columns; ++cell)
        writeCell(*grid, style, piece, shape, cell, head);
    cursor.endEditBlock();
    QList<double> rowTops;
    noteRows(rowTops, document, style, shape, *grid, 0, head);
    return rowTops;
}

bool growTable(QTextDocument& document, const BlockStyle& style, const TableShape& before,
               const TableShape& shape, const Block& shown, const Block& wanted, TableHead head,
               QList<double>& rowTops) {
    const std::size_t columns = wanted.columns.size();
    const std::size_t known = shown.paragraphs.size();
    const std::size_t fewest = head == TableHead::Yes ? 2 * columns : columns;
    if (columns == 0 || known < fewest || wanted.paragraphs.size() < known
        || shown.columns != wanted.columns || before.numeric != shape.numeric)
        return false;
    // Only the last row that was shown may still have been growing.
    const std::size_t first = known - columns;
    if (!std::equal(shown.paragraphs.begin(),
                    shown.paragraphs.begin() + static_cast<std::ptrdiff_t>(first),
                    wanted.paragraphs.begin()))
        return false;
    QTextTable* grid = gridOf(document);
    if (grid == nullptr)
        return false;
    const bool widens = before.columns != shape.columns;
    QTextCursor cursor(&document);
    cursor.beginEditBlock();
    if (widens)
        grid->setFormat(tableFormat(shape, head));
    if (wanted.paragraphs.size() > known)
        grid->appendRows(static_cast<int>((wanted.paragraphs.size() - known) / columns));
    for (std::size_t cell = first; cell < wanted.paragraphs.size(); ++cell)
        if (cell >= known || shown.paragraphs[cell] != wanted.paragraphs[cell])
            writeCell(*grid, style, wanted, shape, cell, head);
    cursor.endEditBlock();
    noteRows(rowTops, document, style, shape, *grid, widens ? 0 : static_cast<int>(first / columns),
             head);
    return true;
}

} // namespace lapidary::app
