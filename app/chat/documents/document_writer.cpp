#include "document_writer.h"

#include <QFontMetricsF>
#include <QTextBlock>
#include <QTextCursor>
#include <QTextOption>
#include <QUrl>

#include <algorithm>
#include <cmath>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

// Headings stay near the text's size: a conversation, not a page of the web.
constexpr double kHeadingScale[] = {1.35, 1.2, 1.1, 1.0, 1.0, 1.0};

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

} // namespace

QFont textFont(const BlockStyle& style, double scale) {
    QFont font(style.textFamily);
    font.setPixelSize(static_cast<int>(std::lround(style.textPixels * scale)));
    return font;
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
