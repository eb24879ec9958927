#pragma once

#include "block_style.h"
#include "chat/blocks/block.h"

#include <QFont>
#include <QTextBlockFormat>
#include <QTextCursor>
#include <QTextDocument>

#include <vector>

namespace lapidary::app {

/// Writes blocks into documents by formats alone: no markup is interpreted, no picture format is
/// ever made, so nothing in a message can load anything (experience.md 6.4).

/// Sets fonts, margins and a provider that refuses every resource. Once for each document.
void prepareDocument(QTextDocument& document);

/// The document that shows `shown` shows `wanted` from now on. Only what differs is written: a
/// paragraph that grew gets its tail.
void writeParagraphs(QTextDocument& document, const BlockStyle& style,
                     const std::vector<Paragraph>& shown, const std::vector<Paragraph>& wanted);

/// Replaces the document by plain text in the code font.
void writeFormula(QTextDocument& document, const BlockStyle& style, const QString& formula);

/// What writers of text share: the font of running text, how a paragraph is set, and its characters
/// [from, end) with their formats.
[[nodiscard]] QFont textFont(const BlockStyle& style, double scale = 1);
[[nodiscard]] QTextBlockFormat blockFormat(const BlockStyle& style, const Paragraph& paragraph,
                                           bool first);
void insertText(QTextCursor& cursor, const BlockStyle& style, const Paragraph& paragraph,
                qsizetype from);

/// Addresses of these schemes may be opened, after a question: http, https, mailto.
[[nodiscard]] bool mayOpen(const QString& address);

} // namespace lapidary::app
