#include "registry.h"
#include "token_text.h"

#include <chat/tool_format.h>

#include <QTest>

#include <limits>

using namespace lapidary::engine;

class ToolFormatTest : public QObject {
    Q_OBJECT

private slots:
    void declaresTools_data() {
        QTest::addColumn<QString>("parameters");
        QTest::addColumn<QString>("expected"); // inside the braces, ' for the quote token
        const auto row = [](const char* name, const char* parameters, const char* expected) {
            QTest::newRow(name) << QString(parameters) << QString(expected);
        };
        // gemma4.md 7.5.
        row("the golden tool",
            R"({"type":"object","properties":{
                "unit":{"type":"string","enum":["C","F"]},
                "city":{"type":"string","description":"City"},
                "tags":{"type":"array","items":{"type":"string"}}},"required":["city"]})",
            "description:'D',parameters:{properties:{city:{description:'City',type:'STRING'},"
            "tags:{items:{type:'STRING'},type:'ARRAY'},unit:{enum:['C','F'],type:'STRING'}},"
            "required:['city'],type:'OBJECT'}");
        row("no parameters", "", "description:'D'");
        row("empty parameters", "{}", "description:'D'");
        row("no properties", R"({"type":"object","properties":{},"required":[]})",
            "description:'D',parameters:{type:'OBJECT'}");
        row("no type", R"({"properties":{"a":{"type":"number"}}})",
            "description:'D',parameters:{properties:{a:{type:'NUMBER'}},type:'OBJECT'}");
        row("names in either case", R"({"properties":{"b":{},"C":{},"a":{},"B":{}}})",
            "description:'D',parameters:{properties:{a:{type:'STRING'},b:{type:'STRING'},"
            "B:{type:'STRING'},C:{type:'STRING'}},type:'OBJECT'}");
        row("what is not rendered",
            R"({"type":"object","properties":{"n":{"type":"integer","default":3,"minimum":1,
                "enum":[1,2],"title":"N","format":"int32"}}})",
            "description:'D',parameters:{properties:{n:{type:'INTEGER'}},type:'OBJECT'}");
        row("nested objects",
            R"({"type":"object","properties":{"o":{"type":"object","description":"O",
                "properties":{"x":{"type":"boolean"}},"required":["x"]},
                "p":{"type":"object","additionalProperties":false}}})",
            "description:'D',parameters:{properties:{o:{description:'O',properties:{x:{type:"
            "'BOOLEAN'}},required:['x'],type:'OBJECT'},p:{properties:{},type:'OBJECT'}},"
            "type:'OBJECT'}");
        row("lists of objects",
            R"({"type":"object","properties":{"l":{"type":"array","items":{"type":"object",
                "required":["k"],"properties":{"k":{"type":"string"}},"default":{"k":1.0}}}}})",
            "description:'D',parameters:{properties:{l:{items:{default:{'k':1.0},properties:{k:"
            "{type:'STRING'}},required:['k'],type:'OBJECT'},type:'ARRAY'}},type:'OBJECT'}");
        row("nullable", R"({"type":"object","properties":{"a":{"type":"string","nullable":true}}})",
            "description:'D',parameters:{properties:{a:{nullable:true,type:'STRING'}},"
            "type:'OBJECT'}");
        row("unions",
            R"({"type":"object","properties":{"a":{"type":["null","integer"]},
                "b":{"anyOf":[{"type":"array","items":{"type":"number"}},{"type":"null"}]}}})",
            "description:'D',parameters:{properties:{a:{nullable:true,type:'INTEGER'},"
            "b:{items:{type:'NUMBER'},nullable:true,type:'ARRAY'}},type:'OBJECT'}");
    }
    void declaresTools() {
        QFETCH(const QString, parameters);
        QFETCH(QString, expected);
        const SpecialTokens special = releasedSpecialTokens();
        PromptWriter writer(special);
        QVERIFY(writeDeclaration(
            writer, {.name = "f", .description = "D", .parameters = parameters.toStdString()}));
        expected = "<|tool>declaration:f{" + expected.replace('\'', "<|\"|>") + "}<tool|>";
        QCOMPARE(QString::fromStdString(shown({.pieces = writer.take()}, special)), expected);
    }

    void numbersArePrintedAsPythonDoes_data() {
        QTest::addColumn<double>("value");
        QTest::addColumn<std::string>("expected");
        const auto row = [](double value, const char* expected) {
            QTest::newRow(expected) << value << std::string(expected);
        };
        row(1.5, "1.5");
        row(3, "3.0");
        row(-0.0, "-0.0");
        row(0.1 + 0.2, "0.30000000000000004");
        row(1e15, "1000000000000000.0");
        row(1e16, "1e+16");
        row(123456789012345680.0, "1.2345678901234568e+17");
        row(0.0001, "0.0001");
        row(0.00001, "1e-05");
        row(1e100, "1e+100");
        row(std::numeric_limits<double>::max(), "1.7976931348623157e+308");
        row(std::numeric_limits<double>::denorm_min(), "5e-324");
        row(std::numeric_limits<double>::infinity(), "inf");
    }
    void numbersArePrintedAsPythonDoes() {
        QFETCH(const double, value);
        QFETCH(const std::string, expected);
        QCOMPARE(pythonFloat(value), expected);
    }
};

namespace {
const Registered<ToolFormatTest> registered;
}

#include "tool_format_test.moc"
