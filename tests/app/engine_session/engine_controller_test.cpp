#include "engine_session/engine_controller.h"

#include "fake_sessions.h"
#include "registry.h"

#include <QElapsedTimer>
#include <QPointer>
#include <QSignalSpy>
#include <QTest>

#include <atomic>
#include <chrono>
#include <thread>

namespace {

using namespace Qt::StringLiterals;
using namespace lapidary;
using app::EngineController;
using app::FakeScript;
using app::Generation;
using State = EngineController::State;

app::LoadChoice choiceOf(const QString& folder) {
    return {.folder = folder, .recipe = {}, .device = u"cpu"_s};
}

struct Ended {
    engine::Finished finished;
    int batches = 0;
    std::string answer;
    bool done = false;
};

/// Follows a generation to its end.
void follow(Generation* generation, Ended& ended) {
    QObject::connect(generation, &Generation::eventsArrived, generation,
                     [&](const std::vector<engine::Event>& events) {
                         ++ended.batches;
                         for (const engine::Event& event : events) {
                             if (const auto* text = std::get_if<engine::AnswerText>(&event))
                                 ended.answer += text->text;
                         }
                     });
    QObject::connect(generation, &Generation::finished, generation,
                     [&](const engine::Finished& finished) {
                         ended.finished = finished;
                         ended.done = true;
                     });
}

class EngineControllerTest : public QObject {
    Q_OBJECT

private slots:
    void init() {
        script = std::make_shared<FakeScript>();
        script->play = app::plays::answer({"Hel", "lo"});
    }

    void loadsAndAnswers() {
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        QCOMPARE(engine.state(), State::Loading);
        QTRY_COMPARE(engine.state(), State::Ready);
        QCOMPARE(engine.modelName(), u"small"_s);
        QCOMPARE(engine.contextLimit(), 4096);
        Ended ended;
        Generation* generation = engine.ask(u"chat"_s, {});
        follow(generation, ended);
        QCOMPARE(generation->state(), Generation::State::Queued);
        QTRY_VERIFY(ended.done);
        QCOMPARE(ended.answer, "Hello");
        QCOMPARE(ended.finished.statistics.answerTokens, 2);
        QVERIFY(!engine.generating());
    }

    void aQuestionWaitsForTheModel() {
        EngineController engine(app::fakeSessions(script));
        Ended ended;
        follow(engine.ask(u"chat"_s, {}), ended);
        QCOMPARE(engine.queueLength(), 1);
        engine.load(choiceOf(u"/models/small"_s));
        QTRY_VERIFY(ended.done);
        QCOMPARE(ended.answer, "Hello");
    }

    void oneAtATimeInOrder() {
        script->play = app::plays::endless();
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        Ended first;
        Ended second;
        Ended third;
        QPointer<Generation> a = engine.ask(u"a"_s, {});
        QPointer<Generation> b = engine.ask(u"b"_s, {});
        QPointer<Generation> c = engine.ask(u"c"_s, {});
        follow(a, first);
        follow(b, second);
        follow(c, third);
        QTRY_COMPARE(a->state(), Generation::State::Answering);
        QCOMPARE(b->queuePlace(), 1);
        QCOMPARE(c->queuePlace(), 2);
        QCOMPARE(engine.generationOf(u"b"_s), b.get());
        b->cancel(); // withdrawn: it never starts
        QVERIFY(second.done);
        QCOMPARE(second.finished.reason, engine::FinishReason::Cancelled);
        QCOMPARE(c->queuePlace(), 1);
        a->cancel();
        QTRY_VERIFY(first.done);
        QCOMPARE(first.finished.reason, engine::FinishReason::Cancelled);
        QTRY_COMPARE(c->state(), Generation::State::Answering);
        QCOMPARE(script->generations.load(), 2);
        c->cancel();
        QTRY_VERIFY(third.done);
        QTRY_VERIFY(c.isNull());
    }

    void cancelBeforeTheSessionBeginsHolds() {
        script->play = app::plays::endless();
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        Ended ended;
        Generation* generation = engine.ask(u"chat"_s, {});
        follow(generation, ended);
        // In the moment in which it is sent to the engine thread, and before that has begun.
        connect(&engine, &EngineController::started, generation, &Generation::cancel);
        QTRY_VERIFY(ended.done);
        QCOMPARE(ended.finished.reason, engine::FinishReason::Cancelled);
    }

    void manyTokensAreFewBatches() {
        std::vector<std::string> pieces(3000, "x");
        script->play = app::plays::answer(pieces);
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        Ended ended;
        QElapsedTimer time;
        time.start();
        follow(engine.ask(u"chat"_s, {}), ended);
        QTRY_VERIFY(ended.done);
        QCOMPARE(ended.answer.size(), 3000U);
        // A batch a tick of 16 ms, and the two that come at once.
        QVERIFY2(ended.batches <= 3 + time.elapsed() / 16,
                 qPrintable(QString::number(ended.batches)));
    }

    void whatDoesNotFitLeavesTheLoadedModel() {
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        script->planError = Error{ErrorKind::DoesNotFit, "Needs 9 GB."};
        engine.load(choiceOf(u"/models/large"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        QCOMPARE(engine.errorSentence(), u"Needs 9 GB."_s);
        QCOMPARE(engine.modelName(), u"small"_s);
        QCOMPARE(script->freeableSeen.load(), 1000U);
        QCOMPARE(script->modelsAlive.load(), 1);
        QCOMPARE(script->loads.load(), 1);
    }

    void aFailedLoadSaysWhyAndKeepsTheQueue() {
        script->loadError = Error{ErrorKind::Corrupt, "A shard is missing; fetch it again."};
        EngineController engine(app::fakeSessions(script));
        Ended ended;
        QPointer<Generation> waiting = engine.ask(u"chat"_s, {});
        follow(waiting, ended);
        engine.load(choiceOf(u"/models/broken"_s));
        QTRY_COMPARE(engine.state(), State::Failed);
        QCOMPARE(engine.errorSentence(), u"A shard is missing; fetch it again."_s);
        QVERIFY(!ended.done);
        script->loadError.reset();
        engine.load(choiceOf(u"/models/small"_s));
        QVERIFY(engine.errorSentence().isEmpty());
        QTRY_VERIFY(ended.done);
    }

    void aFailedLoadLeavesTheModelInUse() {
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        QSignalSpy changes(&engine, &EngineController::modelChanged);
        script->loadError = Error{ErrorKind::Corrupt, "A shard is missing; fetch it again."};
        engine.load(choiceOf(u"/models/broken"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        QCOMPARE(engine.errorSentence(), u"A shard is missing; fetch it again."_s);
        QCOMPARE(engine.modelName(), u"small"_s);
        QCOMPARE(engine.choice().folder, u"/models/small"_s);
        QCOMPARE(changes.count(), 0);
        QCOMPARE(script->modelsAlive.load(), 1);
        QVERIFY(answers(engine));
    }

    void whereBothDoNotFitTheFormerIsReadAgain() {
        script->freeBytes = 1500;
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        script->failingModel = "broken";
        script->loadError = Error{ErrorKind::Corrupt, "A shard is missing; fetch it again."};
        QStringList sentences;
        connect(&engine, &EngineController::errorChanged, &engine,
                [&] { sentences.append(engine.errorSentence()); });
        engine.load(choiceOf(u"/models/broken"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        QCOMPARE(engine.modelName(), u"small"_s);
        QCOMPARE(sentences,
                 (QStringList{u"A shard is missing; fetch it again."_s,
                              u"A shard is missing; fetch it again. Going back to small."_s,
                              u"A shard is missing; fetch it again. small is in use again."_s}));
        QCOMPARE(script->mostModelsAlive.load(), 1);
        QVERIFY(answers(engine));
    }

    void aFormerModelThatCannotComeBackIsSaidSo() {
        script->freeBytes = 1500;
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        script->loadError = Error{ErrorKind::Denied, "The folder is locked."};
        engine.load(choiceOf(u"/models/broken"_s));
        QTRY_COMPARE(engine.state(), State::Failed);
        QCOMPARE(engine.errorSentence(),
                 u"The folder is locked. small could not be read again: The folder is locked."_s);
        QCOMPARE(script->loads.load(), 3);
        QCOMPARE(script->modelsAlive.load(), 0);
    }

    void aPlanThatWasTooHopefulTakesTheFormersPlace() {
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        script->whileLoading = [&](const engine::LoadRequest&) {
            if (script->modelsAlive > 0)
                script->loadError = Error{ErrorKind::DoesNotFit, "Another program was quicker."};
            else
                script->loadError.reset();
        };
        engine.load(choiceOf(u"/models/large"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        QCOMPARE(engine.modelName(), u"large"_s);
        QVERIFY(engine.errorSentence().isEmpty());
    }

    void cancellingGoesBackAndCancellingThatLeavesNone() {
        script->freeBytes = 1500;
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        std::atomic<int> holding = 0;
        script->whileLoading = [&](const engine::LoadRequest& request) {
            ++holding;
            while (!request.stop.stop_requested())
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
        };
        engine.load(choiceOf(u"/models/large"_s));
        QTRY_COMPARE(holding.load(), 1);
        engine.cancelLoad();
        QTRY_COMPARE(holding.load(), 2); // small again
        QTRY_COMPARE(engine.loadPhase(), u"Going back to small"_s);
        QVERIFY(engine.errorSentence().isEmpty());
        engine.cancelLoad();
        QTRY_COMPARE(engine.state(), State::NoModel);
        QVERIFY(engine.errorSentence().isEmpty());
        QCOMPARE(script->modelsAlive.load(), 0);
    }

    void anotherChoiceWhileGoingBackCanFailToo() {
        script->freeBytes = 1500;
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        script->failingModel = "broken";
        script->loadError = Error{ErrorKind::Corrupt, "A shard is missing; fetch it again."};
        script->whileLoading = [&](const engine::LoadRequest& request) {
            while (request.folder.filename() == "small" && script->loads == 3
                   && !request.stop.stop_requested())
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
        };
        engine.load(choiceOf(u"/models/broken"_s));
        QTRY_COMPARE(script->loads.load(), 3); // small again
        engine.load(choiceOf(u"/models/broken"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        QCOMPARE(engine.modelName(), u"small"_s);
        QCOMPARE(script->loads.load(), 5);
    }

    void anUnloadIsNoReasonToGoBack() {
        script->freeBytes = 1500;
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        std::atomic<bool> loading = false;
        script->whileLoading = [&](const engine::LoadRequest& request) {
            loading = true;
            while (!request.stop.stop_requested())
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
        };
        engine.load(choiceOf(u"/models/large"_s));
        QTRY_VERIFY(loading);
        engine.unload();
        QTRY_COMPARE(engine.state(), State::NoModel);
        QCOMPARE(script->loads.load(), 2);
    }

    void cancelledLoadGivesEverythingBack() {
        std::atomic<bool> loading = false;
        script->whileLoading = [&](const engine::LoadRequest& request) {
            loading = true;
            while (!request.stop.stop_requested())
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
        };
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        QTRY_VERIFY(loading);
        QTRY_COMPARE(engine.loadFraction(), 0.4);
        engine.cancelLoad();
        QTRY_COMPARE(engine.state(), State::NoModel);
        QCOMPARE(script->modelsAlive.load(), 0);
        QVERIFY(engine.errorSentence().isEmpty());
    }

    void anotherModelReplacesTheFirst() {
        script->play = app::plays::endless();
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        Ended ended;
        QPointer<Generation> running = engine.ask(u"chat"_s, {});
        follow(running, ended);
        QTRY_COMPARE(running->state(), Generation::State::Answering);
        engine.load(choiceOf(u"/models/large"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        QCOMPARE(engine.modelName(), u"large"_s);
        QVERIFY(ended.done);
        QVERIFY(!ended.answer.empty());
        QCOMPARE(script->modelsAlive.load(), 1);
    }

    void unloadSaysWhatCameBack() {
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        QSignalSpy unloaded(&engine, &EngineController::unloaded);
        engine.unload();
        QTRY_COMPARE(engine.state(), State::NoModel);
        QCOMPARE(unloaded.first().first().toDouble(), 1000.0);
        QCOMPARE(script->modelsAlive.load(), 0);
        QVERIFY(engine.modelName().isEmpty());
    }

    void aLostDeviceEndsTheModelNotTheProgram() {
        script->play = [](const auto&, const engine::EventSink& sink) {
            sink(engine::AnswerText{"half", 1});
            engine::Finished finished;
            finished.reason = engine::FinishReason::Failed;
            finished.error = Error{ErrorKind::DeviceLost, "The card stopped; start again."};
            return finished;
        };
        EngineController engine(app::fakeSessions(script));
        engine.load(choiceOf(u"/models/small"_s));
        Ended ended;
        follow(engine.ask(u"chat"_s, {}), ended);
        QTRY_VERIFY(ended.done);
        QCOMPARE(ended.answer, "half");
        QTRY_COMPARE(engine.state(), State::Failed);
        QCOMPARE(engine.errorSentence(), u"The card stopped; start again."_s);
        QCOMPARE(script->modelsAlive.load(), 0);
    }

    void measuresWithoutGenerating() {
        EngineController engine(app::fakeSessions(script));
        engine::Request request;
        request.messages.resize(3);
        std::optional<Expected<engine::ContextUse>> use;
        const auto keep = [&](const Expected<engine::ContextUse>& result) { use = result; };
        engine.measure(u"chat"_s, request).then(this, keep);
        QTRY_VERIFY(use.has_value());
        QVERIFY(!use->has_value());
        QCOMPARE(use->error().kind, ErrorKind::NotFound);
        use.reset();
        engine.load(choiceOf(u"/models/small"_s));
        QTRY_COMPARE(engine.state(), State::Ready);
        engine.measure(u"chat"_s, request).then(this, keep);
        QTRY_VERIFY(use.has_value());
        QCOMPARE((*use)->turns, 3);
        QCOMPARE(script->generations.load(), 0);
    }

    void endingWhileGeneratingIsQuick() {
        script->play = app::plays::endless();
        QElapsedTimer time;
        {
            EngineController engine(app::fakeSessions(script));
            engine.load(choiceOf(u"/models/small"_s));
            QPointer<Generation> running = engine.ask(u"chat"_s, {});
            engine.ask(u"other"_s, {});
            QTRY_COMPARE(running->state(), Generation::State::Answering);
            time.start();
        }
        QVERIFY(time.elapsed() < 1000);
        QCOMPARE(script->modelsAlive.load(), 0);
    }

private:
    /// A question gets its answer.
    static bool answers(EngineController& engine) {
        Ended ended;
        follow(engine.ask(u"chat"_s, {}), ended);
        return QTest::qWaitFor([&] { return ended.done; }) && ended.answer == "Hello";
    }

    std::shared_ptr<FakeScript> script;
};

const Registered<EngineControllerTest> registered;

} // namespace

#include "engine_controller_test.moc"
