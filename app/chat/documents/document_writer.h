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
    std::vector<double> columns = {}; ///< their widths
    std::vector<bool> numeric = {};   ///< columns of numbers, set to the right
    QList<double> rowTops = {};       ///< of the rows after the header, at most 256 of them
};

/// Replaces the document by the table.
TableShape writeTable(QTextDocument& document, const BlockStyle& style, const Block& table);

/// The document that shows `shown`, with this shape, shows `wanted`, which has more at its end.
/// False, and nothing happened, when more than the last row differs.
bool growTable(QTextDocument& document, const BlockStyle& style, TableShape& shape,
               const Block& shown, const Block& wanted);

/// Replaces the document by plain text in the code font.
void writeFormula(QTextDocument& document, const BlockStyle& style, const QString& formula);

/// Addresses of these schemes may be opened, after a question: http, https, mailto.
[[nodiscard]] bool mayOpen(const QString& address);

} // namespace lapidary::app
