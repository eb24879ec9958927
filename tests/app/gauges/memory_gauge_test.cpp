#include "gauges/memory_gauge.h"

#include "engine_session/engine_controller.h"
#include "fake_sessions.h"
#include "registry.h"

#include <QTest>

namespace {

using namespace Qt::StringLiterals;
using namespace lapidary;
using namespace lapidary::app;

double bytesOf(const QList<PlanPart>& parts, PlanPart::Kind kind) {
    double sum = 0;
    for (const PlanPart& part : parts)
        sum += part.kind == kind ? part.bytes : 0;
    return sum;
}

class MemoryGaugeTest : public QObject {
    Q_OBJECT

private slots:
    void partsFillTheBar() {
        auto script = std::make_shared<FakeScript>();
        EngineController engine(fakeSessions(script));
        MemoryGauge gauge(engine);
        engine::MemoryPlan measured;
        measured.bytes = {4'000'000'000, 0, 1'000'000'000, 200'000'000, 100'000'000};
        gauge.show(measured, {.id = "cuda:0",
                              .name = "a card",
                              .totalBytes = 24'000'000'000,
                              .freeBytes = 16'000'000'000});
        using Kind = PlanPart::Kind;
        QVERIFY(gauge.active());
        QCOMPARE(gauge.summary(), u"8.0 GB of 24.0 GB"_s);
        QCOMPARE(bytesOf(gauge.parts(), Kind::Weights), 4e9);
        QCOMPARE(bytesOf(gauge.parts(), Kind::OtherPrograms), 8e9 - 5.3e9);
        QCOMPARE(bytesOf(gauge.parts(), Kind::Free), 16e9);
        double whole = 0;
        for (const PlanPart& part : gauge.parts())
            whole += part.fraction;
        QVERIFY(qAbs(whole - 1) < 1e-9);
        QCOMPARE(gauge.parts().front().text, u"4.0 GB"_s);
        QCOMPARE(gauge.parts().front().name, u"weights"_s);
    }

    void measuresAtLoadAndUnload() {
        auto script = std::make_shared<FakeScript>();
        EngineController engine(fakeSessions(script));
        MemoryGauge gauge(engine);
        QVERIFY(!gauge.active());
        engine.load({.folder = u"/models/a"_s, .recipe = {}, .device = u"cuda:0"_s});
        QTRY_VERIFY(gauge.active());
        QCOMPARE(bytesOf(gauge.parts(), PlanPart::Kind::Weights), 1000.0);
        QCOMPARE(bytesOf(gauge.plan(), PlanPart::Kind::Weights), 1000.0);
        QCOMPARE(gauge.deviceName(), u"a fake"_s);
        engine.unload();
        QTRY_VERIFY(!gauge.active());
        QVERIFY(gauge.plan().isEmpty());
    }
};

const Registered<MemoryGaugeTest> registered;

} // namespace

#include "memory_gauge_test.moc"
