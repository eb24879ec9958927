#pragma once

#include "pair.h"

#include <QTest>

namespace lapidary::kernels::test {

/// A class of tests that needs a card: all of it is skipped where there is none.
class CardTest : public QObject {
    Q_OBJECT

protected:
    Pair pair_;

private slots:
    void initTestCase() {
        pair_ = Pair::open();
        if (!pair_.here())
            QSKIP("this computer has no card that Lapidary can use");
    }
};

} // namespace lapidary::kernels::test
