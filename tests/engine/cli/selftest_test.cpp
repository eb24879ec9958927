#include "cli/selftest/operations.h"
#include "registry.h"

#include <kernels/backend.h>

#include <QTest>

#include <limits>
#include <memory>
#include <string>

using namespace lapidary;
using namespace lapidary::cli;

/// What `lapidary-cli selftest` compares with, on two processors.
class SelftestTest final : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        oracle_ = std::move(*kernels::openDevice("cpu", 1));
        device_ = std::move(*kernels::openDevice("cpu", 2));
    }

    void aProcessorAgreesWithItself_data() {
        QTest::addColumn<int>("operation");
        for (std::size_t i = 0; i < operations().size(); ++i)
            QTest::addRow("%s", std::string(operations()[i].name).c_str()) << int(i);
    }
    void aProcessorAgreesWithItself() {
        QFETCH(int, operation);
        Comparison comparison(*oracle_, *device_);
        operations()[std::size_t(operation)].run(comparison);
        const auto difference = comparison.largestDifference();
        QVERIFY(difference);
        QCOMPARE(*difference, 0.0);
    }

    // Of the largest number of the row, in the row where it is worst.
    void differencesAreParts() {
        Comparison comparison(*oracle_, *device_);
        const float numbers[] = {1, -4, 2, /**/ 100, 50, 0};
        const Twin x = comparison.vector({2, 3}, numbers);
        const Twin y = comparison.unwritten({2, 3});
        comparison.both([&](kernels::Backend& on, auto side) {
            const float scale = &on == device_.get() ? 1.25F : 1.0F;
            on.scaledSum(side(x), side(x), scale, side(y));
        });
        comparison.compare(y);
        QCOMPARE(comparison.largestDifference().value(), 0.25);
    }

    void whatIsNotWrittenDiffers() {
        Comparison comparison(*oracle_, *device_);
        const Twin x = comparison.random({1, 5});
        const Twin y = comparison.unwritten({1, 5});
        oracle_->scaledSum(x.cpu, x.cpu, 1, y.cpu);
        device_->scaledSum(x.device.as({5}).slice(0, 4), x.device.as({5}).slice(0, 4), 1,
                           y.device.as({5}).slice(0, 4));
        comparison.compare(y);
        QCOMPARE(comparison.largestDifference().value(), std::numeric_limits<double>::infinity());
    }

private:
    std::unique_ptr<kernels::Backend> oracle_;
    std::unique_ptr<kernels::Backend> device_;
};

static const Registered<SelftestTest> registered;

#include "selftest_test.moc"
