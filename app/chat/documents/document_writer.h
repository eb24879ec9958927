#pragma once

#include "block_style.h"
#include "chat/blocks/block.h"

#include <QList>
#include <QTextDocument>

#include <span>

namespace lapidary::app {

/// Writes blocks into documents by formats alone: no markup is interpreted, no picture format is
/// ever made, so nothing in a message can load anything (experience.md 6.4).

/// Sets fonts, margins and a provider that refuses every resource. Once for each document.
void prepareDocument(QTextDocument& document);

/// The document that shows `shown` shows `wanted` from now on. Only what differs is written: a
/// paragraph that grew gets its tail.
void writeParagraphs(QTextDocument& document, const BlockStyle& style,
                     const std::vector<Paragraph>& shown, const std::vector<Paragraph>& wanted);

/// What a view draws around a table, in pixels of its document.
struct TableShape {
    double width = 0;
    QList<double> rowTops; ///< of the rows after the header, at most 256 of them
};

/// Replaces the document by the table.
TableShape writeTable(QTextDocument& document, const BlockStyle& style, const Block& table);

/// Replaces the document by plain text in the code font.
void writeFormula(QTextDocument& document, const BlockStyle& style, const QString& formula);

/// Addresses of these schemes may be opened, after a question: http, https, mailto.
[[nodiscard]] bool mayOpen(const QString& address);

} // namespace lapidary::app
