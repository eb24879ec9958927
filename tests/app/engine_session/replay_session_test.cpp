#include "engine_session/replay_session.h"

#include "engine_session/engine_controller.h"
#include "registry.h"
#include "synthetic_stream.h"

#include <QElapsedTimer>
#include <QPointer>
#include <QTest>

namespace {

using namespace lapidary;
using app::EngineController;
using app::Generation;

class ReplaySessionTest : public QObject {
    Q_OBJECT

private slots:
    void playsThroughTheController() {
        const app::Recording recording = app::syntheticRecording(4'000, 3'000);
        const std::string answer = app::answerOf(recording.turns[0]);
        const std::string thought = app::thoughtOf(recording.turns[0]);
        EngineController engine(app::replaySessions(recording, 4));
        engine.load({});
        std::string seenAnswer;
        std::string seenThought;
        std::vector<Generation::State> states;
        bool done = false;
        QPointer<Generation> generation = engine.ask(QStringLiteral("chat"), {});
        connect(generation, &Generation::stateChanged, generation,
                [&] { states.push_back(generation->state()); });
        connect(generation, &Generation::eventsArrived, generation, [&](const auto& events) {
            for (const engine::Event& event : events) {
                if (const auto* text = std::get_if<engine::AnswerText>(&event))
                    seenAnswer += text->text;
                if (const auto* text = std::get_if<engine::ThoughtText>(&event))
                    seenThought += text->text;
            }
        });
        connect(generation, &Generation::finished, generation, [&] { done = true; });
        QTRY_VERIFY(done);
        QCOMPARE(seenAnswer, answer);
        QCOMPARE(seenThought, thought);
        using enum Generation::State;
        QCOMPARE(states, (std::vector{ReadingPrompt, Thinking, Answering, Done}));
    }

    void speedScalesTheTime() {
        // 1,025 events of 10 ms at 20 times the speed: half a second.
        app::Recording recording = app::syntheticRecording(3'700, 100);
        const double expected = recording.turns[0].back().ms / 20;
        app::ReplaySession session(std::make_shared<app::Recording>(recording), 20);
        QElapsedTimer time;
        time.start();
        session.generate({}, [](const engine::Event&) {});
        QVERIFY(static_cast<double>(time.elapsed()) >= expected - 1);
    }

    void cancelStopsAtOnceAndTellsWhatWasPlayed() {
        app::ReplaySession session(
            std::make_shared<app::Recording>(app::syntheticRecording(16'000, 100)), 1);
        int tokens = 0;
        std::stop_source stop;
        engine::Request request;
        request.stop = stop.get_token();
        QElapsedTimer time;
        time.start();
        const engine::Finished finished =
            session.generate(request, [&](const engine::Event& event) {
                if (std::holds_alternative<engine::ThoughtText>(event) && ++tokens == 5)
                    stop.request_stop();
            });
        QCOMPARE(finished.reason, engine::FinishReason::Cancelled);
        QCOMPARE(finished.statistics.thoughtTokens, 5);
        QVERIFY(time.elapsed() < 2000); // the whole takes 41 s
    }

    void theNextQuestionPlaysTheNextTurn() {
        app::Recording recording = app::syntheticRecording(100, 100'000);
        recording.turns.push_back(app::syntheticTurn(200, 100'000));
        app::ReplaySession session(std::make_shared<app::Recording>(recording), 1);
        std::vector<std::size_t> lengths;
        for (int question = 0; question < 3; ++question) {
            std::size_t length = 0;
            session.generate({}, [&](const engine::Event& event) {
                if (const auto* text = std::get_if<engine::AnswerText>(&event))
                    length += text->text.size();
            });
            lengths.push_back(length);
        }
        QVERIFY(lengths[1] > lengths[0]);
        QCOMPARE(lengths[2], lengths[0]);
    }
};

const Registered<ReplaySessionTest> registered;

} // namespace

#include "replay_session_test.moc"
