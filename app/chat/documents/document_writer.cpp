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

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

// Headings stay near the text's size: a conversation, not a page of the web.
constexpr double kHeadingScale[] = {1.35, 1.2, 1.1, 1.0, 1.0, 1.0};
constexpr double kMaxColumnEms = 22;
// Header cells are set like the smallest headings: the text's size, heavier.
constexpr int kHeaderWeight = 4;
constexpr std::size_t kMaxRowLines = 256;

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
    const double padding = std::round(style.textPixels * 0.5);
    const QFontMetricsF metrics(textFont(style));
    QFont headFont = textFont(style);
    headFont.setWeight(QFont::DemiBold);
    const QFontMetricsF headMetrics(headFont);
    QList<QTextLength> widths;
    double total = 0;
    for (std::size_t column = 0; column < columns; ++column) {
        double width = style.textPixels;
        for (std::size_t row = 0; row < rows; ++row) {
            const Paragraph& cell = table.paragraphs[row * columns + column];
            const double natural =
                (row == 0 ? headMetrics : metrics).horizontalAdvance(cell.text.left(200))
                * (cell.spans.empty() ? 1.0 : 1.08);
            width = std::max(width, natural + 2);
        }
        width = std::ceil(std::min(width, kMaxColumnEms * style.textPixels)) + 2 * padding;
        widths.append(QTextLength(QTextLength::FixedLength, width));
        total += width;
    }

    QTextTableFormat format;
    format.setBorder(0);
    format.setCellPadding(0);
    format.setCellSpacing(0);
    format.setColumnWidthConstraints(widths);
    format.setHeaderRowCount(1);
    QTextCursor cursor(&document);
    cursor.beginEditBlock();
    QTextTable* grid =
        cursor.insertTable(static_cast<int>(rows), static_cast<int>(columns), format);
    for (std::size_t column = 0; column < columns; ++column) {
        const bool numeric =
            table.columns[column] == ColumnAlignment::Default && isNumeric(table, column);
        for (std::size_t row = 0; row < rows; ++row) {
            Paragraph cell = table.paragraphs[row * columns + column];
            QTextTableCell place = grid->cellAt(static_cast<int>(row), static_cast<int>(column));
            QTextTableCellFormat cellFormat;
            cellFormat.setLeftPadding(padding);
            cellFormat.setRightPadding(padding);
            cellFormat.setTopPadding(std::round(padding * 0.6));
            cellFormat.setBottomPadding(std::round(padding * 0.6));
            place.setFormat(cellFormat);
            QTextCursor inside = place.firstCursorPosition();
            cell.heading = row == 0 ? kHeaderWeight : 0;
            QTextBlockFormat block = blockFormat(style, cell, true);
            block.setAlignment(numeric ? Qt::AlignRight : cellAlignment(table.columns[column]));
            inside.setBlockFormat(block);
            insertText(inside, style, cell, 0);
        }
    }
    cursor.endEditBlock();
    TableShape shape{.width = total, .rowTops = {}};
    document.setTextWidth(total);
    const QAbstractTextDocumentLayout& layout = *document.documentLayout();
    for (std::size_t row = 1; row < std::min(rows, kMaxRowLines); ++row) {
        const QTextBlock first =
            grid->cellAt(static_cast<int>(row), 0).firstCursorPosition().block();
        shape.rowTops.append(layout.blockBoundingRect(first).top() - std::round(padding * 0.6));
    }
    return shape;
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
