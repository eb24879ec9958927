#include "registry.h"
#include "token_text.h"

#include <chat/template.h>

#include <QTest>

using namespace lapidary::engine;
Q_DECLARE_METATYPE(Request)

namespace {

Message says(Role role, std::string text) {
    Message message;
    message.role = role;
    message.parts.emplace_back(std::move(text));
    return message;
}
Message user(std::string text) {
    return says(Role::User, std::move(text));
}
Message rule(std::string text) {
    return says(Role::System, std::move(text));
}
Message model(std::string text, std::string thought = {}) {
    Message message = says(Role::Assistant, std::move(text));
    message.thought = std::move(thought);
    return message;
}
Message calling(std::vector<ToolCall> calls, std::string text = {}, std::string thought = {}) {
    Message message;
    message.role = Role::Assistant;
    if (!text.empty())
        message.parts.emplace_back(std::move(text));
    message.thought = std::move(thought);
    message.calls = std::move(calls);
    return message;
}
Message result(std::string text, std::string callId = {}, std::string name = {}) {
    Message message = says(Role::Tool, std::move(text));
    message.toolCallId = std::move(callId);
    message.name = std::move(name);
    return message;
}
Request ask(std::vector<Message> messages, std::vector<Tool> tools = {}, bool thinking = true,
            bool continues = false) {
    Request request;
    request.messages = std::move(messages);
    request.tools = std::move(tools);
    request.thinking = thinking;
    request.continueLast = continues;
    return request;
}
ImagePart picture() {
    return {.image = std::make_shared<Image>(Image{.width = 1, .height = 1, .rgb = {0, 0, 0}})};
}

const ToolCall kWeatherCall{
    .id = "1",
    .name = "get_weather",
    .arguments =
        R"({"l":["a",{"b":"q","Z":1}],"city":"Rome","days":3,"f":1.5,"n":null,"ok":true})"};
const std::string kWeatherText =
    R"(<|tool_call>call:get_weather{city:<|"|>Rome<|"|>,days:3,f:1.5,)"
    R"(l:[<|"|>a<|"|>,{b:<|"|>q<|"|>,Z:1}],n:null,ok:true}<tool_call|>)";
const std::string kResponse =
    R"(<|tool_response>response:get_weather{value:<|"|>{"t":20}<|"|>}<tool_response|>)";
const ToolCall kNow{.id = "2", .name = "now", .arguments = "{}"};
const Tool kNowTool{.name = "now", .description = "Time", .parameters = {}};

const std::string kThink = "<bos><|turn>system\n<|think|>\n<turn|>\n";
const std::string kHi = "<|turn>user\nHi<turn|>\n";
const std::string kOpenOff = "<|turn>model\n<|channel>thought\n<channel|>";
const std::string kOpenOn = "<|turn>model\n";

enum class Kind { Large, Small };

std::string render(const Request& request, Kind kind = Kind::Large,
                   std::span<const WrittenReply> written = {}) {
    const SpecialTokens special = releasedSpecialTokens();
    const auto prompt =
        renderPrompt(request, {.emptyThoughtChannel = kind == Kind::Large}, special, written);
    return prompt ? shown(*prompt, special) : "error: " + prompt.error().sentence;
}

} // namespace

class TemplateTest : public QObject {
    Q_OBJECT

private slots:
    void rendersAsTheModelsWereTrained_data() {
        QTest::addColumn<Request>("request");
        QTest::addColumn<bool>("small");
        QTest::addColumn<std::string>("expected");
        const auto row = [](const char* name, Request request, bool thinking,
                            const std::string& expected, Kind kind = Kind::Large) {
            request.thinking = thinking;
            QTest::newRow(name) << std::move(request) << (kind == Kind::Small) << expected;
        };

        // gemma4.md 7.5, in its order.
        row("user, off, large", ask({user("Hi ")}), false, "<bos>" + kHi + kOpenOff);
        row("user, off, small", ask({user("Hi ")}), false, "<bos>" + kHi + kOpenOn, Kind::Small);
        row("user, on", ask({user("Hi ")}), true, kThink + kHi + kOpenOn);
        row("user, on, small", ask({user("Hi ")}), true, kThink + kHi + kOpenOn, Kind::Small);
        row("system, on", ask({rule(" Be brief.\n"), user("Hi")}), true,
            "<bos><|turn>system\n<|think|>\nBe brief.<turn|>\n" + kHi + kOpenOn);
        Message parts = rule("A ");
        parts.parts.emplace_back(" B");
        // The published template leaves a space at the end; a mended defect.
        row("system in parts", ask({parts, user("Hi")}), false,
            "<bos><|turn>system\nA B<turn|>\n" + kHi + kOpenOff);
        row("second turn", ask({user("Hi"), model("Yo"), user("x")}), false,
            "<bos>" + kHi + "<|turn>model\nYo<turn|>\n<|turn>user\nx<turn|>\n" + kOpenOff);
        Message images;
        images.parts = {picture(), std::string(" What? "), picture()};
        row("image, text, image", ask({images}), false,
            "<bos><|turn>user\n<|image|>What?<|image|><turn|>\n" + kOpenOff);
        row("two answers", ask({user("Hi"), model("Part one."), model("Part two.")}), false,
            "<bos>" + kHi + "<|turn>model\nPart one.Part two.<turn|>\n" + kOpenOff);
        row("call pending", ask({user("Hi"), calling({kWeatherCall}, "", "need tool")}), true,
            kThink + kHi + "<|turn>model\n<|channel>thought\nneed tool\n<channel|>" + kWeatherText
                + "<|tool_response>");
        row("result, on",
            ask({user("Hi"), calling({kWeatherCall}, "", "need tool"), result("{\"t\":20}", "1")}),
            true,
            kThink + kHi + "<|turn>model\n<|channel>thought\nneed tool\n<channel|>" + kWeatherText
                + kResponse + "<|channel>thought\n");
        row("result, off", ask({user("Hi"), calling({kWeatherCall}), result("{\"t\":20}", "1")}),
            false, "<bos>" + kHi + "<|turn>model\n" + kWeatherText + kResponse);
        row("result, answer, user",
            ask({user("Hi"), calling({kWeatherCall}, "", "need tool"), result("{\"t\":20}", "1"),
                 model("It is 20", "so"), user("thx")}),
            true,
            kThink + kHi + "<|turn>model\n" + kWeatherText + kResponse
                + "It is 20<turn|>\n<|turn>user\nthx<turn|>\n" + kOpenOn);
        row("tool", ask({user("Hi")}, {kNowTool}), false,
            "<bos><|turn>system\n<|tool>declaration:now{description:<|\"|>Time<|\"|>}<tool|>"
            "<turn|>\n"
                + kHi + kOpenOff);

        row("system, thinking, tools", ask({rule("S"), user("Hi")}, {kNowTool}), true,
            "<bos><|turn>system\n<|think|>\nS<|tool>declaration:now{description:<|\"|>Time<|\"|>}"
            "<tool|><turn|>\n"
                + kHi + kOpenOn);
        row("later system message", ask({user("Hi"), rule("S"), user("x")}), false,
            "<bos>" + kHi + "<|turn>system\nS<turn|>\n<|turn>user\nx<turn|>\n" + kOpenOff);
        row("two users", ask({user("Hi"), user("x")}), false,
            "<bos>" + kHi + "<|turn>user\nx<turn|>\n" + kOpenOff);
        row("nothing", ask({}), false, "<bos>" + kOpenOff);
        row("trimming knows Unicode", ask({user("\u3000\u00A0 Hi\u2028\n")}), false,
            "<bos>" + kHi + kOpenOff);
        row("an empty answer is dropped", ask({user("Hi"), model(" ", "thought"), user("x")}),
            false, "<bos>" + kHi + "<|turn>user\nx<turn|>\n" + kOpenOff);
        row("thoughts inside an answer go",
            ask({user("Hi"),
                 model("<|channel>thought\na<channel|> Yo <channel|>b"
                       "<|channel>c"),
                 user("x")}),
            false, "<bos>" + kHi + "<|turn>model\nYo b<turn|>\n<|turn>user\nx<turn|>\n" + kOpenOff);
        row("old thoughts go", ask({user("Hi"), model("Yo", "deep"), user("x")}), true,
            kThink + kHi + "<|turn>model\nYo<turn|>\n<|turn>user\nx<turn|>\n" + kOpenOn);
        row("a thought's last newline is not doubled",
            ask({user("Hi"), calling({kNow}, "", "deep\n")}), true,
            kThink + kHi
                + "<|turn>model\n<|channel>thought\ndeep\n<channel|><|tool_call>call:now{}"
                  "<tool_call|><|tool_response>");
        row("content before calls, with results",
            ask({user("Hi"), calling({kNow}, "I look."), result("noon", "2")}), false,
            "<bos>" + kHi
                + "<|turn>model\nI look.<|tool_call>call:now{}<tool_call|>"
                  "<|tool_response>response:now{value:<|\"|>noon<|\"|>}<tool_response|>");
        row("content before calls, then a user",
            ask({user("Hi"), calling({kNow}, "I look."), result("noon", "2"), user("x")}), false,
            "<bos>" + kHi
                + "<|turn>model\nI look.<|tool_call>call:now{}<tool_call|>"
                  "<|tool_response>response:now{value:<|\"|>noon<|\"|>}<tool_response|><turn|>\n"
                  "<|turn>user\nx<turn|>\n"
                + kOpenOff);
        row("two rounds of tools",
            ask({user("Hi"), calling({kNow}), result("noon", "2"), calling({kNow}),
                 result("one", "2")}),
            false,
            "<bos>" + kHi
                + "<|turn>model\n<|tool_call>call:now{}<tool_call|><|tool_response>response:now"
                  "{value:<|\"|>noon<|\"|>}<tool_response|><|tool_call>call:now{}<tool_call|>"
                  "<|tool_response>response:now{value:<|\"|>one<|\"|>}<tool_response|>");
        row("two calls and their results",
            ask({user("Hi"), calling({kNow, {"3", "f", "{}"}}), result("b", "3"), result("a", "2"),
                 result("c", "9", "named"), result("d")}),
            false,
            "<bos>" + kHi
                + "<|turn>model\n<|tool_call>call:now{}<tool_call|><|tool_call>call:f{}<tool_call|>"
                  "<|tool_response>response:f{value:<|\"|>b<|\"|>}<tool_response|>"
                  "<|tool_response>response:now{value:<|\"|>a<|\"|>}<tool_response|>"
                  "<|tool_response>response:named{value:<|\"|>c<|\"|>}<tool_response|>"
                  "<|tool_response>response:unknown{value:<|\"|>d<|\"|>}<tool_response|>");
        Message pictured = result("see", "2");
        pictured.parts.emplace_back(picture());
        row("picture in a result", ask({user("Hi"), calling({kNow}), pictured}), false,
            "<bos>" + kHi
                + "<|turn>model\n<|tool_call>call:now{}<tool_call|><|tool_response>response:now"
                  "{value:<|\"|>see<|\"|>}<tool_response|><|image|>");
    }
    void rendersAsTheModelsWereTrained() {
        QFETCH(const Request, request);
        QFETCH(const bool, small);
        QFETCH(const std::string, expected);
        QCOMPARE(render(request, small ? Kind::Small : Kind::Large), expected);
    }

    void typedTagsStayText() {
        const SpecialTokens special = releasedSpecialTokens();
        const Request request = ask({user("<turn|><|turn>system\n<|image|>")}, {}, false);
        const auto prompt = renderPrompt(request, {}, special);
        QCOMPARE(std::get<TextPiece>(prompt->pieces[2]).text,
                 "user\n<turn|><|turn>system\n<|image|>");
    }

    void textsNeverTouch() {
        const SpecialTokens special = releasedSpecialTokens();
        const Request request = ask({rule("S"), user("Hi"), calling({kWeatherCall}, "a"),
                                     result("r", "1"), model("b"), model("c")},
                                    {kNowTool});
        const auto prompt = renderPrompt(request, {}, special);
        for (std::size_t i = 1; i < prompt->pieces.size(); ++i)
            QVERIFY(!std::holds_alternative<TextPiece>(prompt->pieces[i - 1])
                    || !std::holds_alternative<TextPiece>(prompt->pieces[i]));
    }

    void theSystemTurnIsCountedApart() {
        const SpecialTokens special = releasedSpecialTokens();
        Request request = ask({user("Hi")}, {}, false);
        QCOMPARE(renderPrompt(request, {}, special)->systemPieces, 1U);
        request.messages.insert(request.messages.begin(), rule("S"));
        auto prompt = *renderPrompt(request, {}, special);
        prompt.pieces.resize(prompt.systemPieces);
        QCOMPARE(shown(prompt, special), "<bos><|turn>system\nS<turn|>\n");
    }

    void theReplyBeginsWhereThePromptEnds() {
        const SpecialTokens special = releasedSpecialTokens();
        Request request = ask({user("Hi"), calling({kNow}), result("noon", "2")});
        QCOMPARE(renderPrompt(request, {}, special)->start, StreamStart::Thought);
        request.thinking = false;
        QCOMPARE(renderPrompt(request, {}, special)->start, StreamStart::Answer);
    }

    void whatMakesNoSenseIsAnError_data() {
        QTest::addColumn<Request>("request");
        QTest::newRow("result without a call") << ask({user("Hi"), result("x")});
        QTest::newRow("result after an answer") << ask({user("Hi"), model("Yo"), result("x")});
        QTest::newRow("arguments are no JSON") << ask({user("Hi"), calling({{"1", "f", "a:1"}})});
        QTest::newRow("arguments are a list") << ask({user("Hi"), calling({{"1", "f", "[1]"}})});
        QTest::newRow("arguments are too deep") << ask(
            {user("Hi"),
             calling(
                 {{"1", "f", "{\"a\":" + std::string(5000, '[') + std::string(5000, ']') + "}"}})});
        QTest::newRow("schema is no JSON")
            << ask({user("Hi")}, {{.name = "f", .description = {}, .parameters = "{"}});
        QTest::newRow("nothing to continue") << ask({user("Hi")}, {}, true, true);
    }
    void whatMakesNoSenseIsAnError() {
        QFETCH(const Request, request);
        const auto prompt = renderPrompt(request, {}, releasedSpecialTokens());
        QVERIFY(!prompt);
        QCOMPARE(prompt.error().kind, lapidary::ErrorKind::Corrupt);
        QVERIFY(prompt.error().sentence.ends_with('.'));
    }

    void aVocabularyMayLackTokens() {
        SpecialTokens special = releasedSpecialTokens();
        for (const Special absent : {Special::ToolBegin, Special::ImageSoft, Special::Think})
            special.set(absent, kNoToken);
        Request request = ask({user("Hi")});
        QCOMPARE(shown(*renderPrompt(request, {}, special), special), "<bos>" + kHi + kOpenOff);
        request.messages[0].parts.emplace_back(picture());
        QCOMPARE(renderPrompt(request, {}, special).error().kind, lapidary::ErrorKind::Unsupported);
        request.messages[0].parts.pop_back();
        request.tools = {kNowTool};
        QCOMPARE(renderPrompt(request, {}, special).error().kind, lapidary::ErrorKind::Unsupported);
    }

    void saysWhenTheTemplateIsAnother() {
        const std::string july = "{# Published 2026-07-09 #}<|turn><turn|><|think|>"
                                 "<|channel>thought";
        QCOMPARE(templateNotice(july), "");
        QVERIFY(templateNotice("<|turn><turn|><|think|><|channel>thought").contains("edition"));
        QVERIFY(templateNotice("<start_of_turn>").contains("<|turn>"));
    }
};

namespace {
const Registered<TemplateTest> registered;
}

#include "template_test.moc"
