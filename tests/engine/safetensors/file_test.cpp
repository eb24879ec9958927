#include "made_file.h"
#include "registry.h"
#include "safetensors/file.h"
#include "safetensors/shard_index.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>

using namespace lapidary;
using namespace lapidary::engine;

class SafetensorsFileTest : public QObject {
    Q_OBJECT

private slots:
    void aFileCutOffInUseIsAnErrorAndNoCrash();
    void refusesWhatIsNoFile();
    void readsAnIndex();
    void refusesHostileIndices_data();
    void refusesHostileIndices();
};

void SafetensorsFileTest::aFileCutOffInUseIsAnErrorAndNoCrash() {
    const QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("f.safetensors"));
    constexpr int kBytes = 1 << 20;
    const QByteArray content =
        madeFile(R"({"t":{"dtype":"U8","shape":[1048576],"data_offsets":[0,1048576]}})",
                 QByteArray(kBytes, 'x'));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(content), content.size());
    QVERIFY(file.flush());

    const auto opened = SafetensorsFile::open(path.toStdString());
    QVERIFY(opened);
    QVERIFY(opened->checkIntact());
    const std::span<const std::byte> bytes = opened->find("t")->bytes;
    QVERIFY(std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{'x'}; }));

    QVERIFY(file.resize(100'000));
    // Reads past the new end; without the guard the process dies here.
    const auto zeros = std::ranges::count(bytes, std::byte{0});
    QVERIFY(zeros > kBytes - 150'000);
    QVERIFY(file.resize(content.size()));
    // The pages are lost even when the file is long again.
    const Expected<void> intact = opened->checkIntact();
    QVERIFY(!intact);
    QCOMPARE(intact.error().kind, ErrorKind::Corrupt);
    QCOMPARE(QString::fromStdString(intact.error().sentence),
             path
                 + QStringLiteral(" was cut off while it was in use: restore the file and load "
                                  "the model again."));
}

void SafetensorsFileTest::refusesWhatIsNoFile() {
    const QTemporaryDir folder;
    const std::filesystem::path path = folder.path().toStdString();
    const auto missing = SafetensorsFile::open(path / "none.safetensors");
    QCOMPARE(missing.error().kind, ErrorKind::NotFound);
    QCOMPARE(missing.error().sentence,
             (path / "none.safetensors").string()
                 + " is not there: download it, or choose another folder.");
    const auto directory = SafetensorsFile::open(path);
    QCOMPARE(directory.error().sentence, path.string() + " is not a file: choose another one.");
    QFile empty(folder.filePath(QStringLiteral("e.safetensors")));
    QVERIFY(empty.open(QIODevice::WriteOnly));
    const auto nothing = SafetensorsFile::open(path / "e.safetensors");
    QCOMPARE(nothing.error().sentence,
             (path / "e.safetensors").string() + " is empty: download the file again.");
}

void SafetensorsFileTest::readsAnIndex() {
    const auto index = readShardIndex(R"({"metadata": {"total_size": 3},
                             "weight_map": {"a": "m-2.safetensors", "b": "m-1.safetensors",
                                            "c": "m-2.safetensors"}})",
                                      "i.json");
    QVERIFY(index);
    QCOMPARE(index->files, (std::vector<std::string>{"m-1.safetensors", "m-2.safetensors"}));
    QCOMPARE(index->fileOf.at("c"), "m-2.safetensors");
}

void SafetensorsFileTest::refusesHostileIndices_data() {
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<QString>("what");
    const auto row = [](const char* name, const QByteArray& json, const char* what) {
        QTest::newRow(name) << json << QString::fromUtf8(what);
    };
    row("no map", "{}", "weight_map is missing");
    row("a list", "[]", "weight_map is missing");
    row("map that is a list", R"({"weight_map": []})", "weight_map is missing");
    row("empty map", R"({"weight_map": {}})", "weight_map names no file");
    row("file that is a number", R"({"weight_map": {"a": 1}})",
        "the file of the tensor a is not a string");
    for (const char* name : {"/etc/passwd", "../m.safetensors", "a/m", "a\\\\m", "C:m", ".hidden",
                             "", "a\\u0000b", "a..b"})
        row(qPrintable(QStringLiteral("file %1").arg(QString::fromUtf8(name))),
            QByteArray(R"({"weight_map": {"a": ")") + name + "\"}}",
            "the file of the tensor a is not a plain file name of this folder");
}

void SafetensorsFileTest::refusesHostileIndices() {
    QFETCH(QByteArray, json);
    QFETCH(QString, what);
    const auto index = readShardIndex(json.toStdString(), "i.json");
    QVERIFY(!index);
    QCOMPARE(QString::fromStdString(index.error().sentence),
             QStringLiteral("i.json: %1: download the file again.").arg(what));
}

static const Registered<SafetensorsFileTest> registered;

#include "file_test.moc"
