#include "engine/changed_checkpoint.h"
#include "registry.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>

#include <sys/resource.h>

using namespace Qt::StringLiterals;

namespace {

struct Result {
    int code = 0;
    QString output;
    QString error;
};

/// Runs the real program.
Result run(const QStringList& arguments) {
    QProcess process;
    process.start(QStringLiteral(LAPIDARY_CLI), arguments);
    if (!process.waitForFinished())
        return {.code = -1, .output = {}, .error = process.errorString()};
    return {process.exitCode(), QString::fromUtf8(process.readAllStandardOutput()),
            QString::fromUtf8(process.readAllStandardError())};
}

QString configs(const QString& name) {
    return QStringLiteral(LAPIDARY_TESTS "/engine/checkpoint/configs/%1.json").arg(name);
}

} // namespace

/// lapidary-cli as people call it: what it prints, and what it tells the shell.
class ProgramTest : public QObject {
    Q_OBJECT

private slots:
    void exitCodesAreThoseOfTheHelp();
    void inspectWorksFromTheConfigAlone();
    void inspectReadsTensorsToo();
    void inspectSaysWhatIsWrong();
    void quantizeWritesWhatLoads();
    void quantizeSaysWhatIsWrong();
    void quantizeLeavesNothingOnAFullDisk();
    void quantizeRefusesWhatIsNoNumber();
    void inspectPlansForADevice();
    void devicesAreListedWithTheProcessorLast();
    void anUnknownDeviceIsRefused();
    void selftestJudgesTheProcessor();
};

void ProgramTest::exitCodesAreThoseOfTheHelp() {
    QCOMPARE(run({u"--help"_s}).code, 0);
    QVERIFY(run({u"--help"_s}).output.contains(u"inspect"));
    QVERIFY(run({u"--version"_s}).output.startsWith(u"lapidary-cli "));
    QCOMPARE(run({}).code, 2);
    QCOMPARE(run({u"inspect"_s, u"--help"_s}).code, 0);
    const Result unknown = run({u"frobnicate"_s});
    QCOMPARE(unknown.code, 2);
    QCOMPARE(unknown.error, u"lapidary-cli: There is no command frobnicate.\n"
                            "lapidary-cli --help tells more.\n"_s);
    const Result option = run({u"inspect"_s, u"--frobnicate"_s});
    QCOMPARE(option.code, 2);
    QVERIFY(option.output.isEmpty());
    const Result nowhere = run({u"inspect"_s, u"/nowhere"_s});
    QCOMPARE(nowhere.code, 1);
    QCOMPARE(nowhere.error, u"lapidary-cli: /nowhere/config.json is not there: download it, or "
                            "choose another folder.\n"_s);
}

void ProgramTest::inspectWorksFromTheConfigAlone() {
    const QTemporaryDir folder;
    QVERIFY(QFile::copy(configs(u"31b"_s), folder.filePath(u"config.json"_s)));
    const Result people = run({u"inspect"_s, folder.path()});
    QCOMPARE(people.code, 0);
    QVERIFY(people.output.startsWith(u"Gemma 4 31B\n"));
    QVERIFY(people.output.contains(u"has no model.safetensors"));
    QVERIFY(people.output.contains(u"30,697,345,340"));
    QVERIFY(people.output.contains(u"60 × model.language_model.layers.*.layer_scalar"));

    const Result program = run({u"inspect"_s, u"--json"_s, folder.path()});
    const QJsonObject json = QJsonDocument::fromJson(program.output.toUtf8()).object();
    QVERIFY(!json[u"problem"_s].toString().isEmpty());
    const QJsonArray caches = json[u"memory"_s][u"caches"_s].toArray();
    QCOMPARE(caches.size(), 8);
    QCOMPARE(caches[3][u"contextTokens"_s].toInt(), 262144);
    QCOMPARE(caches[3][u"windowBytes"_s].toInteger(), 22'313'697'280);
    QCOMPARE(json[u"layers"_s].toArray().size(), 60);
}

void ProgramTest::inspectReadsTensorsToo() {
    const QString folder = QStringLiteral(LAPIDARY_TESTS "/reference/cases/unified/checkpoint");
    const Result all = run({u"inspect"_s, u"--all"_s, u"--model"_s, folder});
    QCOMPARE(all.code, 0);
    QVERIFY(all.output.contains(u"weights in BF16"));
    QVERIFY(all.output.contains(u"model.language_model.layers.1.layer_scalar"));
    QVERIFY(!all.output.contains(u"layers.*"));
    const QJsonObject json =
        QJsonDocument::fromJson(run({u"inspect"_s, u"--json"_s, folder}).output.toUtf8()).object();
    QCOMPARE(json[u"format"_s].toString(), u"BF16"_s);
    QVERIFY(!json.contains(u"problem"_s));
    // A model whose context is shorter than the usual ones is planned for its own.
    const QJsonArray caches = json[u"memory"_s][u"caches"_s].toArray();
    QCOMPARE(caches.last()[u"contextTokens"_s], json[u"maxContextTokens"_s]);
}

void ProgramTest::inspectSaysWhatIsWrong() {
    const QTemporaryDir folder;
    QVERIFY(QFile::copy(configs(u"12b"_s), folder.filePath(u"config.json"_s)));
    QFile broken(folder.filePath(u"model.safetensors"_s));
    QVERIFY(broken.open(QIODevice::WriteOnly));
    broken.write("nonsense, and more of it");
    broken.close();
    const Result result = run({u"inspect"_s, folder.path()});
    QCOMPARE(result.code, 1);
    QVERIFY(result.output.startsWith(u"Gemma 4 12B\n"));
    QCOMPARE(result.error, u"lapidary-cli: model.safetensors is not a safetensors file, or has a "
                           "header above 100 MB: download the file again.\n"_s);
}

void ProgramTest::inspectPlansForADevice() {
    const QTemporaryDir folder;
    QVERIFY(QFile::copy(configs(u"e2b"_s), folder.filePath(u"config.json"_s)));
    const QJsonObject json = QJsonDocument::fromJson(run({u"inspect"_s, u"--json"_s, u"--device"_s,
                                                          u"cpu"_s, folder.path()})
                                                         .output.toUtf8())
                                 .object();
    const QJsonObject memory = json[u"memory"_s].toObject();
    QCOMPARE(memory[u"device"_s].toString(), u"cpu"_s);
    QVERIFY(memory[u"freeBytes"_s].toInteger() > 0);
    const QJsonObject cache = memory[u"caches"_s][0].toObject();
    QCOMPARE(cache[u"totalBytes"_s].toInteger(),
             memory[u"weightBytes"_s].toInteger() + memory[u"activationBytes"_s].toInteger()
                 + memory[u"workspaceBytes"_s].toInteger() + cache[u"cacheBytes"_s].toInteger());
    QVERIFY(run({u"inspect"_s, folder.path()}).output.contains(u"Memory in MiB, on cpu ("));
}

void ProgramTest::devicesAreListedWithTheProcessorLast() {
    const Result people = run({u"devices"_s});
    QCOMPARE(people.code, 0);
    QVERIFY(people.error.isEmpty());
    QVERIFY(people.output.contains(u"cpu     "));
    QVERIFY(people.output.contains(u" free of "));
    const QJsonObject json =
        QJsonDocument::fromJson(run({u"devices"_s, u"--json"_s}).output.toUtf8()).object();
    const QJsonArray devices = json[u"devices"_s].toArray();
    QCOMPARE(devices.last()[u"id"_s].toString(), u"cpu"_s);
    QVERIFY(json[u"missing"_s].isArray());
    for (const QJsonValue& device : devices)
        QVERIFY(device[u"totalBytes"_s].toInteger() >= device[u"freeBytes"_s].toInteger());
}

void ProgramTest::selftestJudgesTheProcessor() {
    const Result result = run({u"selftest"_s, u"--device"_s, u"cpu"_s});
    QCOMPARE(result.code, 0);
    QVERIFY2(result.error.isEmpty(), qPrintable(result.error));
    const QStringList lines = result.output.trimmed().split(u'\n');
    QVERIFY(lines.front().startsWith(u"cpu, "));
    QCOMPARE(lines.filter(u"  agrees"_s).size(), lines.size() - 4);
    QVERIFY(lines[lines.size() - 3].contains(u" GB/s read"));
    QVERIFY(lines[lines.size() - 2].contains(u" TFLOP/s in bf16"));
    QVERIFY(lines.back().endsWith(u" computes as it should."));
    QCOMPARE(run({u"selftest"_s, u"more"_s}).code, 1);
}

void ProgramTest::anUnknownDeviceIsRefused() {
    for (const QStringList& command : {QStringList{u"chat"_s, u"hello"_s}, QStringList{u"bench"_s},
                                       QStringList{u"inspect"_s}, QStringList{u"selftest"_s}}) {
        const Result result = run(command + QStringList{u"--device"_s, u"cuda:99"_s});
        QCOMPARE(result.code, 1);
        QVERIFY2(result.error.startsWith(u"lapidary-cli: This computer has no device named "
                                         "“cuda:99”. Choose one of "),
                 qPrintable(result.error));
        QVERIFY(result.error.contains(u"“cpu”"));
    }
}

void ProgramTest::quantizeWritesWhatLoads() {
    const QTemporaryDir folder;
    const QString in = QStringLiteral(LAPIDARY_RESOURCES "/demo-model");
    const QString out = folder.filePath(u"fp8"_s);
    const Result written = run({u"quantize"_s, u"--format"_s, u"fp8"_s, in, out});
    QCOMPARE(written.error, QString());
    QCOMPARE(written.code, 0);
    QCOMPARE(QDir(folder.path()).entryList(QDir::AllEntries | QDir::NoDotAndDotDot), {u"fp8"_s});
    QVERIFY(QFile::exists(out + u"/tokenizer.json"_s));
    const auto inspect = [](const QString& path) {
        return QJsonDocument::fromJson(run({u"inspect"_s, u"--json"_s, path}).output.toUtf8())
            .object();
    };
    const QJsonObject before = inspect(in);
    const QJsonObject after = inspect(out);
    QCOMPARE(after[u"format"_s].toString(), u"FP8 (torchao)"_s);
    // What the plan says of weights that are quantised at load.
    QCOMPARE(after[u"memory"_s][u"weightBytes"_s], before[u"memory"_s][u"weightBytesAsFp8"_s]);
    QVERIFY(after[u"memory"_s][u"weightBytes"_s].toInteger()
            < before[u"memory"_s][u"weightBytes"_s].toInteger());
}

void ProgramTest::quantizeSaysWhatIsWrong() {
    const QTemporaryDir folder;
    const QString in = QStringLiteral(LAPIDARY_RESOURCES "/demo-model");
    const auto quantize = [](const QString& from, const QString& to) {
        return run({u"quantize"_s, u"--format"_s, u"fp8"_s, from, to});
    };
    QVERIFY(quantize(in, folder.path()).error.contains(u"is there already"));
    QVERIFY(quantize(in, in).error.contains(u"is the model's own folder"));
    QVERIFY(quantize(QStringLiteral(LAPIDARY_TESTS "/reference/cases/fp8_torchao/checkpoint"),
                     folder.filePath(u"a"_s))
                .error.contains(u"is quantised already"));
    QVERIFY(quantize(in, folder.filePath(u"no/such"_s)).error.contains(u"cannot be written to"));
    QCOMPARE(quantize(u"/nowhere"_s, folder.filePath(u"a"_s)).code, 1);
    QVERIFY(run({u"quantize"_s, in, folder.filePath(u"a"_s)}).error.contains(u"--format fp8"));
    QVERIFY(QDir(folder.path()).isEmpty());
}

void ProgramTest::quantizeLeavesNothingOnAFullDisk() {
    const QTemporaryDir folder;
    QProcess process;
    process.setChildProcessModifier([] {
        // Files end here as they do on a disk that is full.
        const rlimit limit{.rlim_cur = 1U << 20U, .rlim_max = 1U << 20U};
        setrlimit(RLIMIT_FSIZE, &limit);
        std::signal(SIGXFSZ, SIG_IGN);
    });
    process.start(QStringLiteral(LAPIDARY_CLI),
                  {u"quantize"_s, u"--format"_s, u"fp8"_s,
                   QStringLiteral(LAPIDARY_RESOURCES "/demo-model"), folder.filePath(u"fp8"_s)});
    QVERIFY(process.waitForFinished());
    QCOMPARE(process.exitCode(), 1);
    const QString error = QString::fromUtf8(process.readAllStandardError());
    QVERIFY2(error.contains(u"could not be written to its end. Free some disk space."),
             qPrintable(error));
    QVERIFY(QDir(folder.path()).isEmpty());
}

void ProgramTest::quantizeRefusesWhatIsNoNumber() {
    const QTemporaryDir folder;
    ChangedCheckpoint changed(QDir(QStringLiteral(LAPIDARY_RESOURCES "/demo-model")));
    QVERIFY(changed.change(u"model.language_model.layers.0.self_attn.q_proj.weight"_s,
                           ChangedCheckpoint::End::Last, "\xC0\x7F")); // NaN in bf16
    const Result refused =
        run({u"quantize"_s, u"--format"_s, u"fp8"_s, changed.path(), folder.filePath(u"fp8"_s)});
    QCOMPARE(refused.code, 1);
    QCOMPARE(refused.error,
             u"lapidary-cli: The tensor model.language_model.layers.0.self_attn.q_proj.weight in "
             "model.safetensors has infinite numbers or none: download the model's weights "
             "again.\n"_s);
    QVERIFY(QDir(folder.path()).isEmpty());
}

static const Registered<ProgramTest> registered;

#include "program_test.moc"
