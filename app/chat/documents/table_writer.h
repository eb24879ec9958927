#pragma once

#include "block_style.h"
#include "chat/blocks/block.h"

#include <QList>
#include <QTextDocument>

#include <vector>

namespace lapidary::app {

/// A table is shown by several documents, one below the other, each with some of its rows: Qt lays
/// a whole document out again for each row that comes. All of them are set by one shape.

/// How the columns of a table are set, in pixels. Widths are whole steps of an em, so that a table
/// that grows is seldom set anew.
struct TableShape {
    double width = 0;
    std::vector<double> columns = {}; ///< their widths
    std::vector<bool> numeric = {};   ///< columns of numbers, set to the right

    bool operator==(const TableShape&) const = default;
};

/// The shape of a whole table.
[[nodiscard]] TableShape shapeOf(const Block& table, const BlockStyle& style);

/// The shape for what the table has become: its cells before `firstCell` are those of `shape`.
void growShape(TableShape& shape, const Block& table, const BlockStyle& style,
               std::size_t firstCell);

/// So many rows after the header from `first` on, as a table; with first = 0 the header too.
/// `count` = 0: all that follow.
[[nodiscard]] Block rowsOf(const Block& table, std::size_t first, std::size_t count);

/// Whether a piece begins with the header of its table.
enum class TableHead : bool { No, Yes };

/// Replaces the document by the piece of a table. Where its rows after the header begin, in pixels.
[[nodiscard]] QList<double> writeTable(QTextDocument& document, const BlockStyle& style,
                                       const TableShape& shape, const Block& piece, TableHead head);

/// The document that shows `shown` in the shape `before` shows `wanted` in `shape` from now on,
/// which has more at its end; `rowTops` follow. False, and nothing happened, when more than its
/// last row differs, or columns are aligned otherwise.
[[nodiscard]] bool growTable(QTextDocument& document, const BlockStyle& style,
                             const TableShape& before, const TableShape& shape, const Block& shown,
                             const Block& wanted, TableHead head, QList<double>& rowTops);

} // namespace lapidary::app
