#include "registry.h"
#include "token_text.h"

#include <chat/template.h>

#include <QTest>

using namespace lapidary::engine;

namespace {

const std::string kHi = "<bos><|turn>user\nHi<turn|>\n";
const std::string kThink = "<bos><|turn>system\n<|think|>\n<turn|>\n<|turn>user\nHi<turn|>\n";
const std::string kEmptyThought = "<|channel>thought\n<channel|>";

Message says(Role role, std::string text) {
    Message message;
    message.role = role;
    message.parts.emplace_back(std::move(text));
    return message;
}

Request asked(std::string thought, std::string answer, bool thinking, bool continues = true) {
    Request request;
    request.messages.push_back(says(Role::User, "Hi"));
    request.messages.push_back(says(Role::Assistant, std::move(answer)));
    request.messages.back().thought = std::move(thought);
    request.thinking = thinking;
    request.continueLast = continues;
    return request;
}

struct Shown {
    std::string text;
    StreamStart start;
};

Shown render(const Request& request, std::span<const WrittenReply> written = {}) {
    const SpecialTokens special = releasedSpecialTokens();
    const auto prompt = renderPrompt(request, {}, special, written);
    return {.text = shown(*prompt, special), .start = prompt->start};
}

} // namespace

/// Answers that go on, and tokens that are put back as they were generated (gemma4.md 7.6).
class ContinuingTest : public QObject {
    Q_OBJECT

private slots:
    void anAnswerGoesOnFromItsLastCharacter() {
        const Shown off = render(asked("", " Once upon ", false));
        QCOMPARE(off.text, kHi + "<|turn>model\n" + kEmptyThought + "Once upon ");
        QCOMPARE(off.start, StreamStart::InsideAnswer);
        const Shown on = render(asked("plan\n", "Once", true));
        QCOMPARE(on.text, kThink + "<|turn>model\n<|channel>thought\nplan\n<channel|>Once");
        QCOMPARE(on.start, StreamStart::InsideAnswer);
    }

    void aThoughtGoesOn() {
        const Shown shown = render(asked("I see ", "", true));
        QCOMPARE(shown.text, kThink + "<|turn>model\n<|channel>thought\nI see ");
        QCOMPARE(shown.start, StreamStart::InsideThought);
    }

    void anEmptyAnswerBeginsAnew() {
        const Shown shown = render(asked("", "", false));
        QCOMPARE(shown.text, kHi + "<|turn>model\n" + kEmptyThought);
        QCOMPARE(shown.start, StreamStart::Answer);
    }

    void generatedTokensGoOn() {
        const std::vector<WrittenReply> written{
            {}, {.reply = {7, 8, 9}, .end = StreamStart::InsideThought, .answer = {}}};
        const Shown on = render(asked("I see", "", true), written);
        QCOMPARE(on.text, kThink + "<|turn>model\n[7 8 9]");
        QCOMPARE(on.start, StreamStart::InsideThought);
        // With thinking off the reply stood behind an empty thought.
        const Shown off = render(asked("", "Once", false), written);
        QCOMPARE(off.text, kHi + "<|turn>model\n" + kEmptyThought + "[7 8 9]");
    }

    void anOldAnswerIsPutBackWithoutItsThought() {
        Request request = asked("deep", "Yo", true, false);
        request.messages.push_back(says(Role::User, "x"));
        const std::vector<WrittenReply> written{{}, {.reply = {7, 8, 9}, .answer = {9}}, {}};
        QCOMPARE(render(request, written).text,
                 kThink + "<|turn>model\n[9]<turn|>\n<|turn>user\nx<turn|>\n<|turn>model\n");
    }

    void aToolLoopKeepsAllTokens() {
        Request request = asked("deep", "", true, false);
        request.messages[1].calls = {{.id = "1", .name = "f", .arguments = "{}"}};
        request.messages.push_back(says(Role::Tool, "r"));
        request.messages.back().toolCallId = "1";
        std::vector<WrittenReply> written{{}, {.reply = {7, 8, 9}}, {}};
        const std::string response =
            "<|tool_response>response:f{value:<|\"|>r<|\"|>}<tool_response|>";
        QCOMPARE(render(request, written).text,
                 kThink + "<|turn>model\n[7 8 9]" + response + "<|channel>thought\n");

        // The second round began inside the thought that the prompt had opened.
        request.messages.push_back(request.messages[1]);
        request.messages.push_back(request.messages[2]);
        written.push_back({.reply = {5, 6}, .start = StreamStart::Thought});
        written.emplace_back();
        QCOMPARE(render(request, written).text, kThink + "<|turn>model\n[7 8 9]" + response
                                                    + "<|channel>thought\n[5 6]" + response
                                                    + "<|channel>thought\n");
    }
};

namespace {
const Registered<ContinuingTest> registered;
}

#include "continuing_test.moc"
