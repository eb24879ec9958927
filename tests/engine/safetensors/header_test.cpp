#include "made_file.h"
#include "registry.h"
#include "safetensors/header.h"

#include <QTest>

using namespace lapidary;
using namespace lapidary::engine;

class SafetensorsHeaderTest : public QObject {
    Q_OBJECT

private slots:
    void refusesHostileFiles_data();
    void refusesHostileFiles();
    void readsTensorsInTheOrderOfTheirData();
};

void SafetensorsHeaderTest::refusesHostileFiles_data() {
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<ErrorKind>("kind");
    QTest::addColumn<QString>("sentence");
    const auto raw = [](const char* name, const QByteArray& file, const char* what) {
        QTest::newRow(name) << file << ErrorKind::Corrupt
                            << QStringLiteral("f.safetensors %1: download the file again.")
                                   .arg(QString::fromUtf8(what));
    };
    const auto json = [](const char* name, const QByteArray& header, const char* what) {
        QTest::newRow(name) << madeFile(header, "") << ErrorKind::Corrupt
                            << QStringLiteral("f.safetensors %1: download or restore the file.")
                                   .arg(QString::fromUtf8(what));
    };
    const QByteArray four(4, 'x');
    const auto one = [&](const char* name, const QByteArray& entry, const char* what) {
        raw(name, madeFile("{\"t\":" + entry + "}", four), what);
    };
    raw("seven bytes", "1234567", "is too short to be a safetensors file");
    raw("length above the limit",
        madeFile("", "").replace(0, 8, "\xff\xff\xff\xff\xff\xff\xff\xff"),
        "is not a safetensors file, or has a header above 100 MB");
    raw("header longer than the file", madeFile("{}", "").chopped(1), "ends within its header");
    raw("empty header", madeFile("", ""), "is not a safetensors file");
    raw("a list", madeFile("[]", ""), "is not a safetensors file");
    raw("space first", madeFile(" {}", ""), "is not a safetensors file");
    json("not JSON", "{\"t\"", "is not valid JSON at byte 5");
    json("invalid UTF-8", "{\"\xc0\xaf\":{}}", "is not valid JSON at byte 3");
    json("a tensor twice", R"({"t":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"t":{}})",
         R"(has the key "t" twice in one object)");
    json("a key twice in an entry", R"({"t":{"dtype":"U8","dtype":"U8"}})",
         R"(has the key "dtype" twice in one object)");
    json("nested", R"({"t":{"shape":[[1]]}})", "is nested deeper than 3 levels");
    one("entry that is a number", "1",
        "describes the tensor t with an entry that is not exactly dtype, shape and data_offsets");
    one("entry without shape", R"({"dtype":"U8","data_offsets":[0,4]})",
        "describes the tensor t with an entry that is not exactly dtype, shape and data_offsets");
    one("entry with a fourth key", R"({"dtype":"U8","shape":[4],"data_offsets":[0,4],"x":1})",
        "describes the tensor t with an entry that is not exactly dtype, shape and data_offsets");
    one("dtype that is a number", R"({"dtype":8,"shape":[4],"data_offsets":[0,4]})",
        "describes the tensor t with a dtype that is not a string");
    one("shape that is a number", R"({"dtype":"U8","shape":4,"data_offsets":[0,4]})",
        "describes the tensor t with a shape that is not a list");
    for (const char* dimension : {"4.0", "4e0", "-4", "\"4\"", "true", "18446744073709551616"})
        one(qPrintable(QStringLiteral("dimension %1").arg(QString::fromUtf8(dimension))),
            QByteArray(R"({"dtype":"U8","shape":[)") + dimension + R"(],"data_offsets":[0,4]})",
            "describes the tensor t with a shape with a dimension that is not a whole number");
    one("dimension above 63 bits",
        R"({"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,4]})",
        "describes the tensor t with a shape with a dimension that is too large");
    one("product that overflows",
        R"({"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,4]})",
        "describes the tensor t with a shape whose size overflows");
    one("bytes that overflow",
        R"({"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]})",
        "describes the tensor t with a shape whose size overflows");
    one("three offsets", R"({"dtype":"U8","shape":[4],"data_offsets":[0,4,4]})",
        "describes the tensor t with data_offsets that are not two numbers");
    one("offset that is no whole number", R"({"dtype":"U8","shape":[4],"data_offsets":[0,4.0]})",
        "describes the tensor t with an offset that is not a whole number");
    one("end before begin", R"({"dtype":"U8","shape":[4],"data_offsets":[4,0]})",
        "describes the tensor t with data that ends before it begins");
    one("size that the shape contradicts", R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})",
        "describes the tensor t with 4 bytes of data where its shape needs 8");
    one("cut off", R"({"dtype":"U8","shape":[5],"data_offsets":[0,5]})",
        "is cut off: its tensors take 5 bytes and 4 are there");
    one("far behind the end",
        R"({"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]})",
        "is cut off: its tensors take 9223372036854775807 bytes and 4 are there");
    one("bytes behind the end", R"({"dtype":"U8","shape":[3],"data_offsets":[0,3]})",
        "has bytes after the last tensor");
    one("hole at the beginning", R"({"dtype":"U8","shape":[3],"data_offsets":[1,4]})",
        "has a hole before the tensor t");
    raw("hole between",
        madeFile(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                 R"("b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
                 four),
        "has a hole before the tensor b");
    raw("overlap",
        madeFile(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
                 R"("b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
                 four),
        "has overlapping data before the tensor b");
    raw("metadata that is a list", madeFile(R"({"__metadata__":[]})", ""),
        "has in __metadata__ a value that is not an object");
    raw("metadata with a number", madeFile(R"({"__metadata__":{"a":1}})", ""),
        "has in __metadata__ a value that is not a string");
    QTest::newRow("unknown element type")
        << madeFile(R"({"t":{"dtype":"F64","shape":[],"data_offsets":[0,8]}})", QByteArray(8, 'x'))
        << ErrorKind::Unsupported
        << QStringLiteral("The tensor t in f.safetensors has the element type F64, which Lapidary "
                          "does not read: choose a checkpoint in another format.");
}

void SafetensorsHeaderTest::refusesHostileFiles() {
    QFETCH(QByteArray, file);
    QFETCH(ErrorKind, kind);
    const auto entries = readSafetensorsHeader(bytesOf(file), "f.safetensors");
    QVERIFY(!entries);
    QCOMPARE(entries.error().kind, kind);
    QTEST(QString::fromStdString(entries.error().sentence), "sentence");
}

void SafetensorsHeaderTest::readsTensorsInTheOrderOfTheirData() {
    const QByteArray file =
        madeFile(R"({"a":{"dtype":"BF16","shape":[2,1],"data_offsets":[1,5]},)"
                 R"("__metadata__":{"format":"pt"},)"
                 R"("empty":{"dtype":"F32","shape":[0,7],"data_offsets":[1,1]},)"
                 R"("b":{"dtype":"BOOL","shape":[],"data_offsets":[0,1]}}   )",
                 QByteArray(5, 'x'));
    const auto header = readSafetensorsHeader(bytesOf(file), "f.safetensors");
    QVERIFY(header);
    QCOMPARE(header->metadata.size(), std::size_t{1});
    QCOMPARE(header->metadata.at("format"), "pt");
    const std::vector<SafetensorsEntry>& entries = header->tensors;
    QCOMPARE(entries.size(), std::size_t{3});
    const auto dataBegin = static_cast<std::uint64_t>(file.size()) - 5;
    QCOMPARE(entries[0].name, "b");
    QCOMPARE(entries[0].begin, dataBegin);
    QVERIFY(entries[0].shape.empty());
    QCOMPARE(entries[1].name, "empty");
    QCOMPARE(entries[2].name, "a");
    QCOMPARE(entries[2].type, StoredType::BF16);
    QCOMPARE(entries[2].shape, (std::vector<std::int64_t>{2, 1}));
    QCOMPARE(entries[2].begin, dataBegin + 1);
    QCOMPARE(entries[2].end, dataBegin + 5);
}

static const Registered<SafetensorsHeaderTest> registered;

#include "header_test.moc"
