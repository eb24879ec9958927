#include "registry.h"

#include <chat/call_parser.h>

#include <QTest>

#include <algorithm>

using namespace lapidary::engine;

class CallParserTest : public QObject {
    Q_OBJECT

private slots:
    /// In the sources ~ stands for the quote token.
    void readsWhatModelsWrite_data() {
        QTest::addColumn<QString>("source");
        QTest::addColumn<QString>("expected"); // "name {arguments}", calls one a line; "-": nothing
        const auto row = [](const char* name, const char* source, const char* expected) {
            QTest::newRow(name) << QString(source) << QString(expected);
        };
        row("none", "call:f{}", "f {}");
        row("types", "call:f{a:1,b:-2.5,c:true,d:false,e:null,g:~x~}",
            "f {\"a\":1,\"b\":-2.5,\"c\":true,\"d\":false,\"e\":null,\"g\":\"x\"}");
        row("nested", "call:f{a:{b:[1,~x~,{c:2}],d:{}},e:[]}",
            "f {\"a\":{\"b\":[1,\"x\",{\"c\":2}],\"d\":{}},\"e\":[]}");
        row("anything in a string", "call:f{a:~}{\"',:\\ call:g{~}",
            "f {\"a\":\"}{\\\"',:\\\\ call:g{\"}");
        row("JSON strings", "call:f{a:\"x \\\"y\\\" \\u00e9\\ud83d\\ude00\\n\",\"b\":\"z\"}",
            "f {\"a\":\"x \\\"y\\\" é😀\\n\",\"b\":\"z\"}");
        row("quotes not escaped", "call:f{a:\"say \"hi\" now\",b:1}",
            "f {\"a\":\"say \\\"hi\\\" now\",\"b\":1}");
        row("Windows path", "call:f{a:~C:\\new\\table~,b:\"D:\\x\"}",
            "f {\"a\":\"C:\\\\new\\\\table\",\"b\":\"D:\\\\x\"}");
        row("half a surrogate pair", "call:f{a:\"\\ud83d!\"}", "f {\"a\":\"\uFFFD!\"}");
        row("single quotes", "call:f{a:'x y',b:'it's'}", "f {\"a\":\"x y\",\"b\":\"it's\"}");
        row("bare words", "call:f{a: Rome ,b:New York}", "f {\"a\":\"Rome\",\"b\":\"New York\"}");
        row("space around keys", "call:f{ a : 1 ,\n b\n:\n~x~ }", "f {\"a\":1,\"b\":\"x\"}");
        row("quoted keys", "call:f{~a~:1,\"b\":2,'c':3}", "f {\"a\":1,\"b\":2,\"c\":3}");
        row("comma at the end", "call:f{a:1,}", "f {\"a\":1}");
        row("dots and dashes", "call:mcp.server-1.read_file{}", "mcp.server-1.read_file {}");
        row("no call", "f{a:1}", "f {\"a\":1}");
        row("colon alone", ":f{a:1}", "f {\"a\":1}");
        row("two", "call:f{a:1}\ncall:g{b:~x~}", "f {\"a\":1}\ng {\"b\":\"x\"}");

        row("brace missing", "call:f{a:1", "f {\"a\":1}");
        row("braces missing", "call:f{a:{b:[1", "f {\"a\":{\"b\":[1]}}");
        row("value missing", "call:f{a:", "f {\"a\":null}");
        row("string not closed", "call:f{a:~x y}", "f {\"a\":\"x y\"}");
        row("inner string not closed", "call:f{a:{b:~x} y}}", "f {\"a\":{\"b\":\"x} y\"}}");
        row("JSON string not closed", "call:f{a:\"x y}", "f {\"a\":\"x y\"}");
        row("braces too many", "call:f{a:1}}}", "f {\"a\":1}");

        row("schema says string", "call:tool{text:42}", "tool {\"text\":\"42\"}");
        row("text up to the known key", "call:tool{text:ls -la, then {x}, count:3}",
            "tool {\"text\":\"ls -la, then {x}\",\"count\":3}");
        row("text up to the end", "call:tool{count:3,text:if (a) { b(); }}",
            "tool {\"count\":3,\"text\":\"if (a) { b(); }\"}");
        row("text that is JSON", "call:tool{text:{\"a\":[1,2]},count:3}",
            "tool {\"text\":\"{\\\"a\\\":[1,2]}\",\"count\":3}");
        row("known key of an outer map", "call:tool{inner:{name:a, b},count:3}",
            "tool {\"inner\":{\"name\":\"a, b\"},\"count\":3}");
        row("schema says number", "call:tool{count:~3~,ratio:\"0.5\",flag:~true~}",
            "tool {\"count\":3,\"ratio\":0.5,\"flag\":true}");
        row("no number after all", "call:tool{count:~many~}", "tool {\"count\":\"many\"}");
        row("known tool without arguments", "call:tool", "tool {}");

        row("empty", "", "-");
        row("words", "I would call the tool.", "-");
        row("no name", "call:{a:1}", "-");
        row("unknown tool without arguments", "call:f", "-");
        row("no colon", "call:f{a}", "-");
        row("junk after a string", "call:f{a:~x~ y}", "-");
    }
    void readsWhatModelsWrite() {
        QFETCH(const QString, source);
        QFETCH(const QString, expected);
        const Tool tool{.name = "tool",
                        .description = {},
                        .parameters =
                            "{\"properties\":{\"text\":{\"type\":[\"string\",\"null\"]},\"count\":{"
                            "\"type\":\"integer\"},\"ratio\":{\"type\":\"number\"},\"flag\":{"
                            "\"type\":\"boolean\"},\"inner\":{\"type\":\"object\",\"properties\":{"
                            "\"name\":{\"type\":\"string\"}}}}}"};
        std::string marked = source.toStdString();
        std::ranges::replace(marked, '~', kQuoteMark);
        QStringList lines;
        if (const auto calls = parseCalls(marked, std::span(&tool, 1))) {
            for (const ToolCall& call : *calls)
                lines.append(QString::fromStdString(call.name + ' ' + call.arguments));
        } else {
            lines.append("-");
        }
        QCOMPARE(lines.join('\n'), expected);
    }

    void depthIsBounded() {
        std::string source = "call:f{a:";
        for (int i = 0; i < 100'000; ++i)
            source += "[{a:";
        QVERIFY(!parseCalls(source, {}));
    }
};

namespace {
const Registered<CallParserTest> registered;
}

#include "call_parser_test.moc"
