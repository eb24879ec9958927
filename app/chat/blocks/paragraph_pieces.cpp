#include "paragraph_pieces.h"

#include <QTextBoundaryFinder>

#include <algorithm>

namespace lapidary::app {

namespace {

constexpr QChar kLineBreak(0x2028);
// Cuts are looked for in the last half of a piece, so that pieces stay few.
constexpr qsizetype kLeastPiece = kPieceCharacters / 2;

struct Cut {
    qsizetype end = 0;  ///< of the piece
    qsizetype next = 0; ///< where the rest begins
    Joint joint = Joint::Inside;
};

bool endsSentence(QStringView text, qsizetype space) {
    const QChar before = text[space - 1];
    return before == u'.' || before == u'!' || before == u'?' || before == u':';
}

Cut findCut(QStringView text) {
    const QStringView reach = text.first(kPieceCharacters);
    const qsizetype line = reach.lastIndexOf(kLineBreak);
    if (line >= kLeastPiece)
        return {.end = line, .next = line + 1, .joint = Joint::Line};
    qsizetype word = -1;
    for (qsizetype space = reach.lastIndexOf(u' '); space >= kLeastPiece;
         space = reach.lastIndexOf(u' ', space - 1)) {
        if (endsSentence(reach, space))
            return {.end = space, .next = space + 1, .joint = Joint::Word};
        word = std::max(word, space);
    }
    if (word >= kLeastPiece)
        return {.end = word, .next = word + 1, .joint = Joint::Word};
    // No letter is torn from its marks. The window is short: finding borders reads all of it.
    constexpr qsizetype kWindow = 64;
    const QStringView window = text.sliced(kPieceCharacters - kWindow, kWindow);
    QTextBoundaryFinder letters(QTextBoundaryFinder::Grapheme, window.data(), window.size());
    letters.toEnd();
    const qsizetype border = letters.toPreviousBoundary();
    const qsizetype end = border > 0 ? kPieceCharacters - kWindow + border : kPieceCharacters;
    return {.end = end, .next = end};
}

/// The spans of [begin, end), counted from `begin`.
std::vector<Span> spansBetween(const std::vector<Span>& spans, qsizetype begin, qsizetype end) {
    std::vector<Span> found;
    const auto first = std::ranges::partition_point(
        spans, [&](const Span& span) { return span.start + span.length <= begin; });
    for (auto span = first; span != spans.end() && span->start < end; ++span) {
        Span part = *span;
        part.start = std::max(span->start, begin) - begin;
        part.length = std::min(span->start + span->length, end) - begin - part.start;
        found.push_back(std::move(part));
    }
    return found;
}

} // namespace

std::vector<ParagraphPiece> cutParagraph(Paragraph paragraph) {
    std::vector<ParagraphPiece> pieces;
    if (paragraph.text.size() <= kPieceCharacters) {
        pieces.push_back({.paragraph = std::move(paragraph)});
        return pieces;
    }
    const QStringView text(paragraph.text);
    Joint joint = Joint::Apart;
    for (qsizetype at = 0; at < text.size();) {
        const bool last = text.size() - at <= kPieceCharacters;
        const Cut cut = last ? Cut{.end = text.size() - at, .next = text.size() - at}
                             : findCut(text.sliced(at));
        Paragraph piece = {.text = text.sliced(at, cut.end).toString(),
                           .spans = spansBetween(paragraph.spans, at, at + cut.end),
                           .heading = paragraph.heading,
                           .indent = paragraph.indent,
                           .marker = joint == Joint::Apart ? paragraph.marker : QString(),
                           .tight = paragraph.tight};
        pieces.push_back({.paragraph = std::move(piece), .joint = joint});
        at += cut.next;
        joint = cut.joint;
    }
    return pieces;
}

} // namespace lapidary::app
