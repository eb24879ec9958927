#include "engine/generation/tiny_model.h"
#include "registry.h"
#include "safetensors/file.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <cstring>

namespace lapidary::engine::test {

using namespace Qt::StringLiterals;

/// The commands that run a model, as people call them.
class GenerationTest final : public QObject {
    Q_OBJECT

private slots:
    void chatWritesTheBareAnswer();
    void chatReadsItsPromptFromAPipe();
    void chatRecordsWhatHappened();
    void chatTellsWhatIsWrong();
    void evalAgreesWithTheReference_data();
    void evalAgreesWithTheReference();
    void evalQuantisesAsQuantizeDoes();
    void evalTellsWhatIsWrong();
    void benchMeasures_data();
    void benchMeasures();
    void benchTellsWhatIsWrong();
};

namespace {

struct Result {
    int code = 0;
    QByteArray output;
    QString error;
};

Result run(const QStringList& arguments, const QByteArray& input = {}) {
    QProcess process;
    process.start(QStringLiteral(LAPIDARY_CLI), arguments);
    process.write(input);
    process.closeWriteChannel();
    if (!process.waitForFinished(60000))
        return {.code = -1, .output = {}, .error = process.errorString()};
    return {process.exitCode(), process.readAllStandardOutput(),
            QString::fromUtf8(process.readAllStandardError())};
}

QString pathOf(const TinyFolder& folder) {
    return QString::fromStdString(folder.path().string());
}

QString caseFile(const char* name) {
    return QStringLiteral(LAPIDARY_TESTS "/reference/cases/%1").arg(QLatin1StringView(name));
}

QStringList chat(const TinyFolder& folder, const QStringList& more) {
    return QStringList{
               u"chat"_s,     u"--model"_s, pathOf(folder),    u"--context"_s, u"400"_s,
               u"--seed"_s,   u"3"_s,       u"--threads"_s,    u"1"_s,         u"--no-thinking"_s,
               u"--device"_s, u"cpu"_s,     u"--max-tokens"_s, u"12"_s}
           + more;
}

} // namespace

void GenerationTest::chatWritesTheBareAnswer() {
    const TinyFolder folder("dense/checkpoint");
    const Result first = run(chat(folder, {u"hello"_s, u"there"_s}));
    QCOMPARE(first.error, QString());
    QCOMPARE(first.code, 0);
    QVERIFY(!first.output.isEmpty());
    QVERIFY(!first.output.contains('\x1b') || !first.output.contains("\x1b["));
    QCOMPARE(run(chat(folder, {u"hello there"_s})).output, first.output);
}

void GenerationTest::chatReadsItsPromptFromAPipe() {
    const TinyFolder folder("dense/checkpoint");
    const Result typed = run(chat(folder, {u"hello there"_s}));
    const Result piped = run(chat(folder, {}), "hello there");
    QCOMPARE(piped.code, 0);
    QCOMPARE(piped.output, typed.output);
}

void GenerationTest::chatRecordsWhatHappened() {
    const TinyFolder folder("dense/checkpoint");
    const QTemporaryDir out;
    const QString file = out.filePath(u"record.jsonl"_s);
    const Result result = run(chat(folder, {u"--record"_s, file, u"hello there"_s}));
    QCOMPARE(result.code, 0);
    QFile record(file);
    QVERIFY(record.open(QIODevice::ReadOnly));
    QByteArray answer;
    QList<QJsonObject> lines;
    for (const QByteArray& line : record.readAll().trimmed().split('\n')) {
        lines.append(QJsonDocument::fromJson(line).object());
        if (lines.last()["event"] == u"answer"_s)
            answer += lines.last()["text"].toString().toUtf8();
    }
    QCOMPARE(answer, result.output);
    QCOMPARE(lines.first()["recording"].toInt(), 1);
    QCOMPARE(lines.first()["contextTokens"].toInt(), 400);
    QCOMPARE(lines[1]["event"].toString(), u"prefill"_s);
    QCOMPARE(lines[1]["prompt"].toString(), u"hello there"_s);
    QCOMPARE(lines.last()["event"].toString(), u"finished"_s);
    QVERIFY(lines.last()["statistics"].toObject()["promptTokens"].toInt() > 10);
    double before = 0;
    for (const QJsonObject& line : lines.sliced(1)) {
        QVERIFY(line["t"].toDouble(-1) >= before);
        before = line["t"].toDouble();
    }
}

void GenerationTest::chatTellsWhatIsWrong() {
    const TinyFolder folder("dense/checkpoint");
    const Result tooLong = run(chat(folder, {QString(1000, u'x')}));
    QCOMPARE(tooLong.code, 3);
    QVERIFY(tooLong.error.contains(u"400"));
    const Result picture = run(chat(folder, {u"--image"_s, u"/nowhere.png"_s, u"hi"_s}));
    QCOMPARE(picture.code, 1);
    QVERIFY(picture.error.contains(u"/nowhere.png"));
    const Result inside = run(chat(folder, {u"--image"_s, pathOf(folder), u"hi"_s}));
    QCOMPARE(inside.code, 1);
    QVERIFY(inside.error.contains(u"is not a file"));
    QVERIFY(run(chat(folder, {u"--top-p"_s, u"7"_s, u"hi"_s})).code != 0);
}

void GenerationTest::evalAgreesWithTheReference_data() {
    QTest::addColumn<QString>("prompt");
    QTest::addColumn<QStringList>("pictures");
    QTest::newRow("text") << u"text"_s << QStringList();
    QTest::newRow("two images") << u"two_images"_s
                                << QStringList{u"two_images_0.png"_s, u"two_images_1.png"_s};
}

void GenerationTest::evalAgreesWithTheReference() {
    QFETCH(QString, prompt);
    QFETCH(QStringList, pictures);
    const QTemporaryDir folder;
    const QString out = folder.filePath(u"out.safetensors"_s);
    const QString source = caseFile("e_series/");
    QStringList arguments{u"eval"_s,
                          u"--device"_s,
                          u"cpu"_s,
                          u"--model"_s,
                          source + u"checkpoint"_s,
                          u"--tokens"_s,
                          source + prompt + u".tokens.safetensors"_s,
                          u"--out"_s,
                          out,
                          u"--greedy"_s,
                          u"24"_s};
    for (const QString& picture : pictures)
        arguments << u"--image"_s << source + picture;
    const Result result = run(arguments);
    QCOMPARE(result.error, QString());
    QCOMPARE(result.code, 0);

    const auto ours = SafetensorsFile::open(out.toStdString());
    const auto theirs =
        SafetensorsFile::open((source + prompt + u".expected.safetensors"_s).toStdString());
    QVERIFY(ours && theirs);
    const TensorView* greedy = ours->find("greedy");
    QVERIFY(greedy != nullptr && greedy->bytes.size() == 24 * 4);
    QCOMPARE(std::memcmp(greedy->bytes.data(), theirs->find("greedy")->bytes.data(), 24 * 4), 0);
    const TensorView* logits = ours->find("logits");
    const TensorView* expected = theirs->find("logits");
    QVERIFY(logits != nullptr && logits->shape == expected->shape);
    double difference = 0;
    double length = 0;
    for (std::size_t i = 0; i < logits->bytes.size(); i += sizeof(float)) {
        float a = 0;
        float b = 0;
        std::memcpy(&a, &logits->bytes[i], sizeof(a));
        std::memcpy(&b, &expected->bytes[i], sizeof(b));
        difference += std::pow(double(a) - double(b), 2);
        length += std::pow(double(b), 2);
    }
    QVERIFY(std::sqrt(difference / length) < 2e-4);
}

/// FP8 that is made while a model is read is the FP8 that is written.
void GenerationTest::evalQuantisesAsQuantizeDoes() {
    const QTemporaryDir folder;
    const QString stored = caseFile("e_series/checkpoint");
    const QString written = folder.filePath(u"written"_s);
    QCOMPARE(run({u"quantize"_s, u"--format"_s, u"fp8"_s, stored, written}).error, QString());
    const auto eval = [&](const QString& model, const QStringList& options) {
        const QString out = folder.filePath(u"out.safetensors"_s);
        const Result result =
            run(QStringList{u"eval"_s, u"--device"_s, u"cpu"_s, u"--model"_s, model, u"--tokens"_s,
                            caseFile("e_series/text.tokens.safetensors"), u"--out"_s, out}
                + options);
        if (result.code != 0)
            return result.error.toUtf8();
        QFile file(out);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    };
    const QByteArray made = eval(stored, {u"--weights"_s, u"fp8"_s});
    QVERIFY(made.size() > 100000); // logits, not a sentence
    QVERIFY(made == eval(written, {}));
    QVERIFY(made != eval(stored, {}));
}

void GenerationTest::evalTellsWhatIsWrong() {
    const QTemporaryDir folder;
    const QString out = folder.filePath(u"out.safetensors"_s);
    const QString source = caseFile("e_series/");
    const QStringList start{u"eval"_s, u"--model"_s, source + u"checkpoint"_s, u"--out"_s, out};
    QVERIFY(run(start).error.contains(u"--tokens"));
    const Result missing =
        run(start + QStringList{u"--tokens"_s, source + u"image.tokens.safetensors"_s});
    QCOMPARE(missing.code, 1);
    QVERIFY(missing.error.contains(u"--image"));
    const Result wrong = run(start
                             + QStringList{u"--tokens"_s, source + u"image.tokens.safetensors"_s,
                                           u"--image"_s, source + u"two_images_1.png"_s});
    QCOMPARE(wrong.code, 1);
    QVERIFY(wrong.error.contains(u"detail level"));
    const Result format = run(start
                              + QStringList{u"--tokens"_s, source + u"text.tokens.safetensors"_s,
                                            u"--weights"_s, u"int4"_s});
    QCOMPARE(format.code, 1);
    QVERIFY(format.error.contains(u"--weights takes fp8"));
    QVERIFY(!QFile::exists(out));
}

void GenerationTest::benchMeasures_data() {
    QTest::addColumn<QStringList>("model");
    QTest::newRow("files") << QStringList{u"--model"_s, caseFile("experts/checkpoint")};
    for (const char* name : {"dense", "experts", "e_series", "unified"})
        QTest::newRow(name) << QStringList{u"--synthetic"_s,
                                           caseFile(name) + u"/checkpoint/config.json"_s};
}

void GenerationTest::benchMeasures() {
    QFETCH(QStringList, model);
    const QTemporaryDir folder;
    const QString file = folder.filePath(u"bench.json"_s);
    const Result result = run(
        QStringList{u"bench"_s, u"--device"_s, u"cpu"_s} + model
        + QStringList{u"--scenario"_s, u"prefill-70,decode-70,verify-9,ttft,load"_s, u"--tokens"_s,
                      u"3"_s, u"--rounds"_s, u"2"_s, u"--threads"_s, u"1"_s, u"--compare"_s,
                      u"echo 2 t/s, then 31.5 tok/s in $LAPIDARY_SCENARIO"_s, u"--json"_s, file});
    QVERIFY2(result.code == 0, qPrintable(result.error));
    QVERIFY(result.output.contains("of limit"));
    QFile written(file);
    QVERIFY(written.open(QIODevice::ReadOnly));
    const QJsonObject json = QJsonDocument::fromJson(written.readAll()).object();
    QVERIFY(json["roofline"]["readBytesPerSecond"].toDouble() > 1e8);
    QVERIFY(json["roofline"]["bf16Flops"].toDouble() > 1e8);
    QVERIFY(json["weightBytesPerToken"].toDouble() > 0);
    QStringList names;
    for (const QJsonValue& one : json["results"].toArray()) {
        names.append(one["scenario"].toString());
        QCOMPARE(one["rounds"].toArray().size(), 2);
        QVERIFY(one["least"].toDouble() > 0);
        QVERIFY(one["least"].toDouble() <= one["median"].toDouble());
        QVERIFY(one["median"].toDouble() <= one["most"].toDouble());
        QVERIFY(one["limit"].toDouble() > 0);
    }
    QCOMPARE(names, (QStringList{u"prefill-70"_s, u"decode-70"_s, u"verify-9 x1"_s,
                                 u"verify-9 x2"_s, u"verify-9 x4"_s, u"verify-9 x8"_s,
                                 u"verify-9 x16"_s, u"ttft"_s, u"load"_s}));
    QVERIFY(json["results"][1]["p99OverMedian"].toDouble() >= 1);
    const QJsonArray peers = json["peers"].toArray();
    QCOMPARE(peers.size(), 5);
    QCOMPARE(peers[0]["unit"].toString(), u"tok/s"_s);
    QCOMPARE(peers[0]["median"].toDouble(), 31.5);
}

void GenerationTest::benchTellsWhatIsWrong() {
    const Result scenario = run({u"bench"_s, u"--scenario"_s, u"decode-1k,decode-"_s});
    QCOMPARE(scenario.code, 1);
    QVERIFY(scenario.error.contains(u"“decode-” is no scenario"));
    const Result longer = run({u"bench"_s, u"--scenario"_s, u"decode-1000k"_s});
    QCOMPARE(longer.code, 3);
    QVERIFY(longer.error.contains(u"decode-1000k needs a context of"));
    QCOMPARE(run({u"bench"_s, u"--synthetic"_s, u"13b"_s}).code, 1);
    const Result peer = run({u"bench"_s, u"--device"_s, u"cpu"_s, u"--synthetic"_s,
                             caseFile("dense/checkpoint/config.json"), u"--scenario"_s, u"ttft"_s,
                             u"--rounds"_s, u"1"_s, u"--compare"_s, u"exit 3"_s});
    QCOMPARE(peer.code, 1);
    QVERIFY(peer.error.contains(u"exit 3"));
}

const Registered<GenerationTest> registered;

} // namespace lapidary::engine::test

#include "generation_test.moc"
