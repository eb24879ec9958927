#include "engine_session/session_factory.h"

#include "engine_session/engine_controller.h"
#include "registry.h"

#include <QElapsedTimer>
#include <QPointer>
#include <QTest>

#include <optional>

namespace {

using namespace Qt::StringLiterals;
using namespace lapidary;
using app::EngineController;
using app::Generation;

/// The controller over the engine of this process, with the model that ships.
class EngineSessionsTest : public QObject {
    Q_OBJECT

private slots:
    void theDemoModelThinksAnswersAndStops() {
        EngineController engine(app::engineSessions());
        engine::MemoryPlan measured;
        connect(&engine, &EngineController::memoryMeasured, this,
                [&](const engine::MemoryPlan& memory) { measured = memory; });
        engine.load({.folder = QStringLiteral(LAPIDARY_RESOURCES "/demo-model"),
                     .recipe = {},
                     .device = u"cpu"_s});
        QTRY_VERIFY_WITH_TIMEOUT(engine.state() != EngineController::State::Loading, 60'000);
        QVERIFY2(engine.state() == EngineController::State::Ready,
                 qPrintable(engine.errorSentence()));
        QVERIFY(engine.contextLimit() > 0);
        QVERIFY(!engine.modelNotice().isEmpty());
        QTRY_VERIFY(measured.total() > 0);

        engine::Request request;
        request.messages.push_back({.role = engine::Role::User,
                                    .parts = {std::string("What is the capital of France?")},
                                    .thought = {},
                                    .calls = {}});
        request.maxTokens = 40;
        std::string text;
        engine::Finished end;
        bool done = false;
        QPointer<Generation> generation = engine.ask(u"chat"_s, request);
        connect(generation, &Generation::eventsArrived, this, [&](const auto& events) {
            for (const engine::Event& event : events) {
                if (const auto* thought = std::get_if<engine::ThoughtText>(&event))
                    text += thought->text;
                if (const auto* answer = std::get_if<engine::AnswerText>(&event))
                    text += answer->text;
            }
        });
        connect(generation, &Generation::finished, this, [&](const engine::Finished& finished) {
            end = finished;
            done = true;
        });
        QTRY_VERIFY_WITH_TIMEOUT(done, 60'000);
        QVERIFY2(!end.error, end.error ? end.error->sentence.c_str() : "");
        QVERIFY(!text.empty());
        QVERIFY(end.statistics.promptTokens > 5);

        std::optional<Expected<engine::ContextUse>> use;
        engine.measure(u"chat"_s, request)
            .then(this,
                  [&](const Expected<engine::ContextUse>& measuredUse) { use = measuredUse; });
        QTRY_VERIFY(use.has_value());
        QCOMPARE((*use)->used(), end.statistics.promptTokens);
        QCOMPARE((*use)->limit, engine.contextLimit());
    }

    void aFolderWithoutAModelIsSaid() {
        EngineController engine(app::engineSessions());
        engine.load({.folder = u"/nowhere/at/all"_s, .recipe = {}, .device = u"cpu"_s});
        QTRY_COMPARE(engine.state(), EngineController::State::Failed);
        QVERIFY(!engine.errorSentence().isEmpty());
        engine.load({.folder = u"/nowhere/at/all"_s, .recipe = {}, .device = u"cuda:7"_s});
        QTRY_VERIFY(engine.errorSentence().contains(u"cuda:7"_s));
    }

    void plansTheDemoModel() {
        const auto sessions = app::engineSessions();
        engine::LoadRequest request;
        request.folder = LAPIDARY_RESOURCES "/demo-model";
        request.device = "cpu";
        request.recipe.title = "Plain";
        const auto plan = sessions->plan(request, 0);
        QVERIFY(plan.has_value());
        QVERIFY(plan->fits());
        QVERIFY(plan->total() < 1'000'000'000);
        QVERIFY(sessions->device("cpu").totalBytes > 0);
        QVERIFY(sessions->device("cuda:7").id.empty());
    }
};

const Registered<EngineSessionsTest> registered;

} // namespace

#include "engine_sessions_test.moc"
