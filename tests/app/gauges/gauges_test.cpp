#include "engine_session/engine_controller.h"
#include "engine_session/replay_session.h"
#include "fake_sessions.h"
#include "gauges/context_gauge.h"
#include "gauges/speculation_gauge.h"
#include "gauges/speed_gauge.h"
#include "registry.h"

#include <QElapsedTimer>
#include <QPointer>
#include <QSignalSpy>
#include <QTest>

#include <utility>

namespace {

using namespace Qt::StringLiterals;
using namespace lapidary;
using namespace lapidary::app;

/// Reads half a prompt of 1,000 tokens, writes 50 tokens, half of them thought, in rounds.
Recording recordingOf() {
    Recording::Turn turn;
    const auto add = [&](double ms, engine::Event event) {
        turn.push_back({.ms = ms, .event = std::move(event)});
    };
    add(0, engine::PrefillProgress{1000, 400, 0});
    add(100, engine::PrefillProgress{1000, 400, 300});
    add(200, engine::PrefillProgress{1000, 400, 600});
    for (int i = 0; i < 50; ++i) {
        const double ms = 210 + i * 20;
        if (i < 25)
            add(ms, engine::ThoughtText{"t", 1});
        else
            add(ms, engine::AnswerText{"a", 1});
        if (i % 5 == 0)
            add(ms, engine::Round{6, 4});
    }
    engine::Finished finished;
    finished.statistics = {.promptTokens = 1000,
                           .reusedTokens = 400,
                           .thoughtTokens = 25,
                           .answerTokens = 25,
                           .prefillSeconds = 0.2,
                           .firstTokenSeconds = 0.21,
                           .decodeSeconds = 1.0,
                           .rounds = 10,
                           .proposedTokens = 60,
                           .acceptedTokens = 40};
    add(1210, finished);
    return {.model = u"Recorded"_s, .contextTokens = 1200, .seesImages = false, .turns = {turn}};
}

class GaugesTest : public QObject {
    Q_OBJECT

private slots:
    void followAGeneration() {
        EngineController engine(replaySessions(recordingOf(), 1));
        SpeedGauge speed(engine);
        ContextGauge context(engine);
        SpeculationGauge speculation(engine);
        QVERIFY(!context.active());
        QVERIFY(speculation.note().contains(u"while a model is loaded"_s));
        engine.load({});
        QTRY_COMPARE(engine.state(), EngineController::State::Ready);
        QCOMPARE(context.limit(), 1200);
        QVERIFY(speculation.note().contains(u"no drafter"_s));
        context.show({.limit = 1200, .system = 100, .images = 280, .turns = 20});
        QCOMPARE(context.used(), 400);
        QVERIFY(!context.nearlyFull());

        QSignalSpy changed(&speed, &SpeedGauge::changed);
        QPointer<Generation> generation = engine.ask(u"chat"_s, {});
        bool done = false;
        connect(generation, &Generation::finished, this, [&] { done = true; });
        QTRY_VERIFY(speed.readingPrompt());
        QTRY_COMPARE(speed.prefillFraction(), 0.5);
        QVERIFY(speed.prefillSecondsLeft() > 0);
        QVERIFY2(speed.tokensPerSecond() < 0, "no figure before there is a token");
        QVERIFY(speed.averageTokensPerSecond() < 0);
        QTRY_VERIFY(!speed.readingPrompt());
        // 20 ms a token is 50 a second; a loaded machine delivers late, but never more.
        QTRY_VERIFY(speed.tokensPerSecond() > 10);
        QVERIFY(speed.tokensPerSecond() < 75);
        QTRY_VERIFY(done);
        QVERIFY(!speed.active());
        QCOMPARE(speed.averageTokensPerSecond(), 50.0);
        QCOMPARE(speed.firstTokenSeconds(), 0.21);
        QCOMPARE(speed.prefillTokensPerSecond(), 3000.0);
        QVERIFY(!speed.sparkline().isEmpty());
        QCOMPARE(context.reused(), 400);
        QCOMPARE(context.writing(), 50);
        QCOMPARE(context.used(), 1050);
        QCOMPARE(context.system(), 100);
        QCOMPARE(context.images(), 280);
        QVERIFY(context.nearlyFull());
        QCOMPARE(speculation.rounds(), 10);
        QCOMPARE(speculation.tokensPerRound(), 5.0);
        QVERIFY(speculation.note().isEmpty());
    }

    void fourTimesASecondAndSilentWhenIdle() {
        auto script = std::make_shared<FakeScript>();
        script->play = plays::endless();
        EngineController engine(fakeSessions(script));
        SpeedGauge speed(engine);
        ContextGauge context(engine);
        engine.load({});
        QPointer<Generation> generation = engine.ask(u"chat"_s, {});
        QTRY_VERIFY(speed.tokensPerSecond() > 0);
        QSignalSpy changed(&speed, &SpeedGauge::changed);
        QSignalSpy contextChanged(&context, &ContextGauge::changed);
        QElapsedTimer time;
        time.start();
        QTRY_VERIFY(changed.count() >= 4);
        QVERIFY(time.elapsed() >= 700);
        QVERIFY(contextChanged.count() <= 1 + time.elapsed() / 250);
        generation->cancel();
        QTRY_VERIFY(!speed.active());
        for (const QObject* gauge :
             {static_cast<QObject*>(&speed), static_cast<QObject*>(&context)})
            for (const QTimer* timer : gauge->findChildren<QTimer*>())
                QVERIFY(!timer->isActive());
        changed.clear();
        // A second without a sign of life.
        QVERIFY(!changed.wait(1000));
    }
};

const Registered<GaugesTest> registered;

} // namespace

#include "gauges_test.moc"
