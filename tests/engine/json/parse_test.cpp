#include "registry.h"
#include "json/fields.h"
#include "json/parse.h"

#include <nlohmann/json.hpp>

#include <QTest>

using namespace lapidary;
using namespace lapidary::engine;

class JsonParseTest : public QObject {
    Q_OBJECT

private slots:
    void refusesHostileText_data();
    void refusesHostileText();
    void readsWhatIsPlain();
    void theFirstFaultIsKept();
};

void JsonParseTest::refusesHostileText_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("sentence");
    const QString rest = QStringLiteral(": download or restore the file.");
    const auto row = [&](const char* name, const QByteArray& text, const char* what) {
        QTest::newRow(name) << text << QStringLiteral("f.json ") + QString::fromUtf8(what) + rest;
    };
    row("nothing", "", "is not valid JSON at byte 1");
    row("cut off", R"({"a": )", "is not valid JSON at byte 7");
    row("more behind", "{} {}", "is not valid JSON at byte 4");
    row("comment", "/* */ {}", "is not valid JSON at byte 1");
    row("key twice", R"({"a": 1, "b": {}, "a": 2})", R"(has the key "a" twice in one object)");
    row("key twice inside", R"([{"a": {"b": 1, "b": 1}}])",
        R"(has the key "b" twice in one object)");
    row("invalid UTF-8", "{\"a\": \"\xff\"}", "is not valid JSON at byte 8");
    row("half a surrogate", R"({"a": "\ud800"})", "is not valid JSON at byte 14");
    row("number too large", "[1e999]", "is not valid JSON at byte 6");
    row("nested", QByteArray(1'000'000, '['), "is nested deeper than 4 levels");
    row("values", "[1,2,3,4,5,6,7,8,9,10,11]", "has more than 10 values");
}

void JsonParseTest::refusesHostileText() {
    QFETCH(QByteArray, text);
    const Expected<Json> json = parseJson(text.toStdString(), "f.json", {.depth = 4, .values = 10});
    QVERIFY(!json);
    QCOMPARE(json.error().kind, ErrorKind::Corrupt);
    QTEST(QString::fromStdString(json.error().sentence), "sentence");
}

void JsonParseTest::readsWhatIsPlain() {
    const auto json = parseJson(R"({"a": [1, -2, 2.5, "x", null, true], "b": {"a": 3}})", "f.json");
    QVERIFY(json);
    QCOMPARE(json->dump(), R"({"a":[1,-2,2.5,"x",null,true],"b":{"a":3}})");
}

void JsonParseTest::theFirstFaultIsKept() {
    const auto json = parseJson(R"({"a": 18446744073709551615, "b": "x", "d": null})", "f.json");
    QVERIFY(json);
    FieldErrors errors("f.json");
    Fields fields(*json, "", errors);
    QVERIFY(!fields.has("d"));
    QVERIFY(fields.names("d"));
    QCOMPARE(fields.integer("a", {1, 9}), 1);
    QCOMPARE(fields.text("a"), "");
    QVERIFY(errors.first());
    QCOMPARE(errors.first()->sentence,
             "f.json: a must be a whole number from 1 to 9: download or restore the file.");
}

static const Registered<JsonParseTest> registered;

#include "parse_test.moc"
