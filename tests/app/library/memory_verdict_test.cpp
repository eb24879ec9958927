#include "library/memory_verdict.h"

#include "registry.h"

#include <QTest>

namespace {

using namespace Qt::StringLiterals;
using namespace lapidary;
using namespace lapidary::app;

constexpr std::size_t kGiga = 1'000'000'000;

class MemoryVerdictTest : public QObject {
    Q_OBJECT

private slots:
    void saysWhatFits_data() {
        QTest::addColumn<quint64>("need");
        QTest::addColumn<int>("fittingContext");
        QTest::addColumn<QString>("nearest");
        QTest::addColumn<Fit>("fit");
        QTest::addColumn<QString>("mark");
        QTest::addColumn<QString>("sentence");
        QTest::newRow("fits") << quint64(15) << 0 << u""_s << Fit::Fits << u"fits"_s
                              << u"Fits: needs 15.0 GB of 20.0 GB free."_s;
        QTest::newRow("exactly") << quint64(20) << 0 << u""_s << Fit::Fits << u"fits"_s
                                 << u"Fits: needs 20.0 GB of 20.0 GB free."_s;
        QTest::newRow("after closing")
            << quint64(22) << 0 << u""_s << Fit::FitsAfterClosing
            << u"fits if you close other programs"_s
            << u"Fits if you close other programs: needs 22.0 GB, they leave 20.0 GB of 24.0 GB; "
               "2.0 GB must become free."_s;
        QTest::newRow("another recipe")
            << quint64(31) << 4096 << u"Plain"_s << Fit::DoesNotFit << u"11.0 GB short"_s
            << u"Does not fit: 11.0 GB short (needs 31.0 GB, 20.0 GB are free). “Plain” fits."_s;
        QTest::newRow("shorter context")
            << quint64(31) << 4096 << u""_s << Fit::DoesNotFit << u"11.0 GB short"_s
            << u"Does not fit: 11.0 GB short (needs 31.0 GB, 20.0 GB are free). "
               "A context of 4,096 tokens would fit."_s;
        QTest::newRow("nothing") << quint64(31) << 0 << u""_s << Fit::DoesNotFit
                                 << u"11.0 GB short"_s
                                 << u"Does not fit: 11.0 GB short (needs 31.0 GB, 20.0 GB are "
                                    "free). Choose a smaller model."_s;
    }

    void saysWhatFits() {
        QFETCH(quint64, need);
        QFETCH(int, fittingContext);
        QFETCH(QString, nearest);
        QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
        engine::MemoryPlan plan;
        plan.bytes = {(need - 2) * kGiga, 0, kGiga, kGiga / 2, kGiga / 2};
        plan.availableBytes = 20 * kGiga;
        plan.fittingContextTokens = fittingContext;
        const MemoryVerdict verdict = judgeMemory(
            plan,
            {.id = "cuda:0", .name = "a card", .totalBytes = 24 * kGiga, .freeBytes = 20 * kGiga},
            nearest);
        QTEST(verdict.fit, "fit");
        QTEST(verdict.mark, "mark");
        QTEST(verdict.sentence, "sentence");
        double whole = 0;
        for (const PlanPart& part : verdict.parts)
            whole += part.fraction;
        QVERIFY(qAbs(whole - 1) < 1e-9);
        QCOMPARE(verdict.parts.front().kind, PlanPart::Kind::Weights);
    }

    void bytesAreReadable() {
        QCOMPARE(bytesText(812e6), u"812 MB"_s);
        QCOMPARE(bytesText(4.26e6), u"4.3 MB"_s);
        QCOMPARE(bytesText(999.7e6), u"1.0 GB"_s);
        QCOMPARE(bytesText(13.04e9), u"13.0 GB"_s);
        QCOMPARE(bytesText(128.4e9), u"128 GB"_s);
    }
};

const Registered<MemoryVerdictTest> registered;

} // namespace

#include "memory_verdict_test.moc"
