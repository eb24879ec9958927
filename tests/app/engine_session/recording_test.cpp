#include "engine_session/recording.h"

#include "registry.h"
#include "synthetic_stream.h"

#include <QTest>

namespace {

using namespace lapidary;

class RecordingTest : public QObject {
    Q_OBJECT

private slots:
    void readsEveryEvent() {
        const auto recording = app::parseRecording(R"(
{"recording":1, "model":"Gemma 4 12B", "contextTokens":32768, "seesImages":true}
{"t":0, "event":"prefill", "promptTokens":812, "reusedTokens":12, "doneTokens":512}
{"t":310, "event":"thought", "text":"The user", "tokens":2}
{"t":900, "event":"thoughtEnded"}
{"t":905, "event":"answer", "text":"Größe", "tokens":1}
{"t":906, "event":"round", "proposed":4, "accepted":2}
{"t":950, "event":"toolCall", "id":"1", "name":"search", "arguments":"{}"}
{"t":1310, "event":"finished", "reason":"toolCall"}
{"t":0, "event":"finished", "reason":"failed", "error":{"kind":"doesNotFit", "sentence":"No."}}
)");
        QVERIFY2(recording.has_value(), recording ? "" : recording.error().sentence.c_str());
        QCOMPARE(recording->model, QStringLiteral("Gemma 4 12B"));
        QCOMPARE(recording->contextTokens, 32768);
        QVERIFY(recording->seesImages);
        QCOMPARE(recording->turns.size(), 2U);
        const auto& turn = recording->turns[0];
        QCOMPARE(turn.size(), 7U);
        QCOMPARE(std::get<engine::PrefillProgress>(turn[0].event).doneTokens, 512);
        QCOMPARE(std::get<engine::AnswerText>(turn[3].event).text, "Größe");
        QCOMPARE(std::get<engine::Round>(turn[4].event).accepted, 2);
        QCOMPARE(std::get<engine::ToolCalled>(turn[5].event).call.name, "search");
        const auto& finished = std::get<engine::Finished>(turn[6].event);
        QCOMPARE(finished.reason, engine::FinishReason::ToolCall);
        // Counted from the events, because the line has none.
        QCOMPARE(finished.statistics.thoughtTokens, 2);
        QCOMPARE(finished.statistics.reusedTokens, 12);
        QCOMPARE(finished.statistics.firstTokenSeconds, 0.31);
        QCOMPARE(finished.statistics.decodeSeconds, 1.0);
        const auto& failed = std::get<engine::Finished>(recording->turns[1].back().event);
        QCOMPARE(failed.error->kind, ErrorKind::DoesNotFit);
    }

    void saysWhichLineIsWrong_data() {
        QTest::addColumn<QByteArray>("lines");
        QTest::addColumn<QString>("part");
        const QByteArray good = R"({"t":5,"event":"answer","text":"a"})"
                                "\n";
        QTest::newRow("no JSON") << good + "{" << QStringLiteral("line 2 is no JSON object");
        QTest::newRow("no object") << good + "[]" << QStringLiteral("line 2 is no JSON object");
        QTest::newRow("unknown event")
            << good + R"({"t":6,"event":"dance"})" << QStringLiteral("line 2 has an unknown event");
        QTest::newRow("unknown reason") << good + R"({"t":6,"event":"finished","reason":"bored"})"
                                        << QStringLiteral("line 2 has an unknown event");
        QTest::newRow("back in time")
            << good + R"({"t":4,"event":"thoughtEnded"})" << QStringLiteral("goes back in time");
        QTest::newRow("no time") << QByteArray(R"({"event":"thoughtEnded"})")
                                 << QStringLiteral("line 1 goes back in time");
        QTest::newRow("no end") << good << QStringLiteral("before the generation has finished");
        QTest::newRow("nothing") << QByteArray("\n\n") << QStringLiteral("without any generation");
    }

    void saysWhichLineIsWrong() {
        QFETCH(QByteArray, lines);
        QFETCH(QString, part);
        const auto recording = app::parseRecording(lines);
        QVERIFY(!recording.has_value());
        QCOMPARE(recording.error().kind, ErrorKind::Corrupt);
        const QString sentence = QString::fromStdString(recording.error().sentence);
        QVERIFY2(sentence.contains(part), qPrintable(sentence));
    }

    void aMissingFileIsNotFound() {
        const auto recording = app::readRecording(QStringLiteral("/nowhere/at.all"));
        QCOMPARE(recording.error().kind, ErrorKind::NotFound);
    }

    void syntheticStreamsAreRead() {
        const app::Recording made = app::syntheticRecording(16'000, 300);
        const auto read = app::parseRecording(app::linesOf(made));
        QVERIFY2(read.has_value(), read ? "" : read.error().sentence.c_str());
        QCOMPARE(app::answerOf(read->turns[0]), app::answerOf(made.turns[0]));
        QCOMPARE(QString::fromStdString(app::answerOf(made.turns[0])).size(), 16'000);
        QCOMPARE(app::thoughtOf(read->turns[0]), app::thoughtOf(made.turns[0]));
        // 4,100 pieces at 300 a second.
        QVERIFY(qAbs(read->turns[0].back().ms - 13'700) < 200);
    }
};

const Registered<RecordingTest> registered;

} // namespace

#include "recording_test.moc"
