#pragma once

#include <QTest>

#include <initializer_list>

namespace lapidary::kernels::test {

struct NamedSizes {
    const char* name;
    std::initializer_list<qint64> sizes;
};

/// What a `_data` function says when all its columns are sizes: `columns` of qint64, then `rows`.
inline void sizeTable(std::initializer_list<const char*> columns,
                      std::initializer_list<NamedSizes> rows) {
    for (const char* column : columns)
        QTest::addColumn<qint64>(column);
    for (const NamedSizes& row : rows) {
        QTestData& data = QTest::addRow("%s", row.name);
        for (const qint64 size : row.sizes)
            data << size;
    }
}

} // namespace lapidary::kernels::test
