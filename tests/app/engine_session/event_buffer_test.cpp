#include "engine_session/event_buffer.h"

#include "registry.h"

#include <QTest>

namespace {

using namespace lapidary;
using app::EventBuffer;

class EventBufferTest : public QObject {
    Q_OBJECT

private slots:
    void wakesOnceUntilTaken() {
        int wakes = 0;
        EventBuffer buffer([&] { ++wakes; });
        for (int i = 0; i < 1000; ++i)
            buffer.put(engine::AnswerText{"a", 1});
        QCOMPARE(wakes, 1);
        QCOMPARE(buffer.take().events.size(), 1U);
        buffer.put(engine::AnswerText{"b", 1});
        QCOMPARE(wakes, 2);
    }

    void mergesTextsOfOneKindOnly() {
        EventBuffer buffer([] {});
        buffer.put(engine::ThoughtText{"th", 1});
        buffer.put(engine::ThoughtText{"ink", 2});
        buffer.put(engine::ThoughtEnded{});
        buffer.put(engine::AnswerText{"an", 1});
        buffer.put(engine::Round{4, 3});
        buffer.put(engine::AnswerText{"swer", 1});
        const auto events = buffer.take().events;
        QCOMPARE(events.size(), 5U);
        QCOMPARE(std::get<engine::ThoughtText>(events[0]).text, "think");
        QCOMPARE(std::get<engine::ThoughtText>(events[0]).tokens, 3);
        QVERIFY(std::holds_alternative<engine::ThoughtEnded>(events[1]));
        QCOMPARE(std::get<engine::AnswerText>(events[4]).text, "swer");
    }

    void ofProgressOnlyTheNewestCounts() {
        EventBuffer buffer([] {});
        buffer.put(engine::PrefillProgress{100, 0, 10});
        buffer.put(engine::PrefillProgress{100, 0, 60});
        const auto events = buffer.take().events;
        QCOMPARE(events.size(), 1U);
        QCOMPARE(std::get<engine::PrefillProgress>(events[0]).doneTokens, 60);
    }

    void theEndIsApartFromTheEvents() {
        EventBuffer buffer([] {});
        buffer.put(engine::AnswerText{"a", 1});
        buffer.put(engine::Finished{
            .reason = engine::FinishReason::Length, .statistics = {}, .error = {}});
        const auto batch = buffer.take();
        QCOMPARE(batch.events.size(), 1U);
        QVERIFY(batch.finished.has_value());
        QCOMPARE(batch.finished->reason, engine::FinishReason::Length);
        QVERIFY(!buffer.take().finished.has_value());
    }
};

const Registered<EventBufferTest> registered;

} // namespace

#include "event_buffer_test.moc"
