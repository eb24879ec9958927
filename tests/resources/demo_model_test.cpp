#include "demo_model.h"
#include "registry.h"

#include <QTest>

using namespace lapidary;

/// The smoke test: the model that ships, through the public face of the engine, says what it must.
class DemoModelTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { QVERIFY2(model_.isLoaded(), model_.error().c_str()); }

    void templateIsTheOneThatIsFollowed() { QCOMPARE(model_.templateNotice(), std::string()); }

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
        engine::Message asked;
        asked.parts.emplace_back(question.toStdString());
        engine::Request request;
        request.messages.push_back(std::move(asked));
        request.thinking = thinking;
        const DemoModel::Reply reply = model_.ask(std::move(request));
        QCOMPARE(reply.reason, engine::FinishReason::Stop);
        QCOMPARE(QString::fromStdString(reply.answer), answer);
        QCOMPARE(reply.thought.empty(), !thinking);
    }

private:
    DemoModel model_;
};

static const Registered<DemoModelTest> registered;

#include "demo_model_test.moc"
