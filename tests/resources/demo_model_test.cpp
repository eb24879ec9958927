#include "registry.h"

#include <engine/engine.h>

#include <QTest>

#include <string>
#include <variant>

using namespace lapidary;

namespace {

std::string trimmed(const std::string& text) {
    const auto begin = text.find_first_not_of(" \n");
    return begin == std::string::npos
               ? ""
               : text.substr(begin, text.find_last_not_of(" \n") - begin + 1);
}

} // namespace

/// The smoke test: the model that ships, through the public face of the engine, says what it must.
class DemoModelTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        engine::Recipe recipe;
        recipe.contextTokens = 4096;
        engine::LoadRequest load;
        load.folder = LAPIDARY_RESOURCES "/demo-model";
        load.recipe = recipe;
        auto model = engine::loadModel(load);
        QVERIFY2(model, model ? "" : model.error().sentence.c_str());
        model_ = std::move(*model);
    }

    void answers_data() {
        QTest::addColumn<QString>("question");
        QTest::addColumn<bool>("thinking");
        QTest::addColumn<QString>("answer");
        for (const bool thinking : {false, true}) {
            const char* const mode = thinking ? "thinking" : "not thinking";
            QTest::addRow("a sum, %s", mode)
                << "What is 2+2? Answer with just the number." << thinking << "4";
            QTest::addRow("a fact, %s", mode)
                << "Paris is the capital of which country? Answer with one word." << thinking
                << "France";
        }
    }
    void answers() {
        QFETCH(QString, question);
        QFETCH(bool, thinking);
        QFETCH(QString, answer);
        auto session = model_->openSession();
        QVERIFY(session);
        engine::Request request;
        engine::Message asked;
        asked.parts.emplace_back(question.toStdString());
        request.messages.push_back(std::move(asked));
        request.thinking = thinking;
        request.sampling = {.temperature = 0};
        request.maxTokens = 300;
        std::string thought;
        std::string text;
        const engine::Finished finished =
            (*session)->generate(request, [&](const engine::Event& event) {
                if (const auto* more = std::get_if<engine::ThoughtText>(&event))
                    thought += more->text;
                if (const auto* more = std::get_if<engine::AnswerText>(&event))
                    text += more->text;
            });
        QCOMPARE(finished.reason, engine::FinishReason::Stop);
        QCOMPARE(QString::fromStdString(trimmed(text)), answer);
        QCOMPARE(thought.empty(), !thinking);
    }

private:
    std::shared_ptr<engine::Model> model_;
};

static const Registered<DemoModelTest> registered;

#include "demo_model_test.moc"
