#pragma once

#include <QTest>

#include <cstddef>
#include <initializer_list>

namespace lapidary::kernels::test {

/// Some rows of a sequence: those from position `first`.
struct Rows {
    int count = 0;
    int first = 0;
};

/// What a `_data` function of attention says: every shape, which has a name, with all of `places`.
/// Columns: "shape", its index; "rows", their count; "first", the position of the first.
template <class Shape, std::size_t count>
void shapesAndPlaces(const Shape (&shapes)[count], std::initializer_list<Rows> places) {
    QTest::addColumn<int>("shape");
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("first");
    for (std::size_t shape = 0; shape < count; ++shape)
        for (const Rows& rows : places)
            QTest::addRow("%s, %d rows at %d", shapes[shape].name, rows.count, rows.first)
                << static_cast<int>(shape) << rows.count << rows.first;
}

} // namespace lapidary::kernels::test
