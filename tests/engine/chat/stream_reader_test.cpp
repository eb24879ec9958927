#include "engine/tokenizer/reference_vocabulary.h"
#include "registry.h"
#include "token_text.h"

#include <chat/stream_reader.h>
#include <tokenizer/utf8.h>

#include <QTest>

#include <ctime>
#include <random>

using namespace lapidary::engine;
Q_DECLARE_METATYPE(StreamOptions)

namespace {

const Tool kWeather{.name = "get_weather",
                    .description = "",
                    .parameters = "{\"properties\":{\"city\":{\"type\":\"string\"}}}"};

struct Read {
    std::string told;
    StreamState state = StreamState::Going;
    int thoughtTokens = 0;
    int answerTokens = 0;
    int eventTokens = 0; // that the texts carried
    WrittenReply written;
};

Read readAll(const Tokenizer& tokenizer, const StreamOptions& options,
             const std::vector<TokenId>& ids) {
    StreamReader reader(tokenizer, options);
    Read read;
    std::vector<StreamEvent> events;
    const auto collect = [&] {
        for (const StreamEvent& event : reader.events()) {
            if (const auto* const thought = std::get_if<ThoughtText>(&event))
                read.eventTokens += thought->tokens;
            if (const auto* const answer = std::get_if<AnswerText>(&event))
                read.eventTokens += answer->tokens;
            events.push_back(event);
        }
    };
    for (const TokenId id : ids) {
        if (read.state != StreamState::Going)
            break;
        read.state = reader.add(id);
        collect();
    }
    reader.finish();
    collect();
    read.told = told(events);
    read.thoughtTokens = reader.thoughtTokens();
    read.answerTokens = reader.answerTokens();
    read.written = reader.written();
    return read;
}

} // namespace

class StreamReaderTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { tokenizer_ = referenceTokenizer("plain.json"); }

    void splitsAReply_data() {
        QTest::addColumn<QString>("reply");
        QTest::addColumn<QString>("expected");
        QTest::addColumn<StreamOptions>("options");
        const auto row = [](const char* name, const char* reply, const char* expected,
                            StreamOptions options = {}) {
            QTest::newRow(name) << QString(reply) << QString(expected) << options;
        };
        const StreamOptions hidden{.showThoughts = false};
        const StreamOptions inThought{.start = StreamStart::Thought};
        const StreamOptions inAnswer{.start = StreamStart::InsideAnswer};
        const StreamOptions midThought{.start = StreamStart::InsideThought};
        const StreamOptions tools{.tools = {kWeather}};

        row("answer", "Hello world<turn|>", "answer(Hello world)");
        row("nothing", "<turn|>", "");
        row("end of text", "Hello<eos>", "answer(Hello)");
        row("cut off", "Hello  ", "answer(Hello  )");
        row("inner white space stays", "a \n\n  b \n<turn|>", "answer(a \n\n  b)");
        row("wide characters", "日本 😀é<turn|>", "answer(日本 😀é)");

        row("thought", "<|channel>thought\nLet me see.\n<channel|>Yes.<turn|>",
            "thought(Let me see.) end answer(Yes.)");
        row("space between thought and answer", "<|channel>thought\nA<channel|> \n\n B<turn|>",
            "thought(A) end answer(B)");
        row("no newline after the label", "<|channel>thoughtA<channel|>B<turn|>",
            "thought(thoughtA) end answer(B)");
        row("label alone", "<|channel>thought<channel|>B<turn|>", "answer(B)");
        row("another label", "<|channel>plan\nA<channel|>B<turn|>",
            "thought(plan\nA) end answer(B)");
        row("no label", "<|channel>Let me\nsee<channel|>B<turn|>",
            "thought(Let me\nsee) end answer(B)");
        row("empty thought", "<|channel>thought\n<channel|>B<turn|>", "answer(B)");
        row("blank thought", "<|channel>thought\n \n\n<channel|>B<turn|>", "answer(B)");
        row("two thoughts",
            "<|channel>thought\nA\n<channel|>\n<|channel>thought\nB<channel|>C<turn|>",
            "thought(A) end thought(\n\nB) end answer(C)");
        row("thought after an answer", "A \n<|channel>thought\nB<channel|>\nC<turn|>",
            "answer(A) thought(B) end answer(\n\nC)");
        row("thought in a thought", "<|channel>thought\nA<|channel>thought\nB<channel|>C<turn|>",
            "thought(A) end thought(\n\nB) end answer(C)");
        row("thought ends the turn", "<|channel>thought\nA <turn|>", "thought(A) end");
        row("thought cut off", "<|channel>thought\nA ", "thought(A ) end");
        row("label cut off", "<|channel>thou", "");
        row("thoughts switched off", "<|channel>thought\nA<channel|>B<turn|>", "answer(B)", hidden);
        row("prompt opened the thought", "A\n<channel|>B<turn|>", "thought(A) end answer(B)",
            inThought);
        row("prompt opened an empty thought", "<channel|>B<turn|>", "answer(B)", inThought);
        row("goes on in an answer", " world<turn|>", "answer( world)", inAnswer);
        row("goes on in a thought", " more<channel|> B<turn|>", "thought( more) end answer(B)",
            midThought);

        row("stray closing tags", "A<channel|>B<tool_call|>C<turn|>", "answer(ABC)");
        row("stray tags are dropped", "A<|think|>B<|turn>C<|tool>D<tool|>E<tool_response|>F<turn|>",
            "answer(ABCDEF)");
        row("media tokens are dropped", "A<|image|>B<image|>C<audio|>D<|audio>E<turn|>",
            "answer(ABCDE)");
        row("pad and unknown are dropped", "<pad>A<unk>B<bos><turn|>", "answer(AB)");
        row("a turn is opened again", "<|turn>model\nHello<turn|>", "answer(Hello)");
        row("a turn is opened without a newline", "<|turn>model<|channel>thought\nA<channel|>B",
            "thought(A) end answer(B)");
        row("a turn of another role", "<|turn>modern art<turn|>", "answer(modern art)");
        row("a quote outside of calls", "A<|\"|>B<turn|>", "answer(A\"B)");

        row("call", "<|tool_call>call:f{a:1}<tool_call|><|tool_response>", "call(f {\"a\":1})");
        row("answer and call", "I look. <|tool_call>call:f{}<tool_call|><turn|>",
            "answer(I look.) call(f {})");
        row("thought and call",
            "<|channel>thought\nA<|tool_call>call:f{}<tool_call|><|tool_response>",
            "thought(A) end call(f {})");
        row("two calls",
            "<|tool_call>call:f{}<tool_call|>\n<|tool_call>call:g{}<tool_call|><turn|>",
            "call(f {}) call(g {})");
        row("two calls without closing", "<|tool_call>call:f{}<|tool_call>call:g{}<turn|>",
            "call(f {}) call(g {})");
        row("two calls in one", "<|tool_call>call:f{}call:g{}<tool_call|><turn|>",
            "call(f {}) call(g {})");
        row("text after a call", "<|tool_call>call:f{}<tool_call|> \n<tool_call|>Done<turn|>",
            "call(f {}) answer(Done)");
        row("answer, call, answer", "A<|tool_call>call:f{}<tool_call|>B<turn|>",
            "answer(A) call(f {}) answer(\n\nB)");
        row("call cut off", "<|tool_call>call:f{a:<|\"|>x y", "call(f {\"a\":\"x y\"})");
        row("call ends the turn", "<|tool_call>call:f{a:1<turn|>", "call(f {\"a\":1})");
        row("malformed call", "<|tool_call>what?<|\"|><tool_call|>Well<turn|>",
            "malformed(what?\") answer(Well)");
        row("empty call", "<|tool_call><tool_call|><turn|>", "malformed()");
        row("tags inside a call", "<|tool_call>call:f{a:<|channel>1<channel|>}<tool_call|><turn|>",
            "call(f {\"a\":1})");
        row("strings hold anything",
            "<|tool_call>call:f{a:<|\"|>\"}{,]:\\call:g{\n<|\"|>}<tool_call|><turn|>",
            "call(f {\"a\":\"\\\"}{,]:\\\\call:g{\\n\"})");
        row("bytes before a quote", "<|tool_call>call:f{a:<|\"|>é<|\"|>}<tool_call|><turn|>",
            "call(f {\"a\":\"é\"})");

        row("bare call", "call:get_weather{city:Rome}<turn|>",
            "call(get_weather {\"city\":\"Rome\"})", tools);
        row("bare call after text", "I look:\n  call:get_weather{city:<|\"|>}<|\"|>}\nDone<turn|>",
            "answer(I look:) call(get_weather {\"city\":\"}\"}) answer(\n\nDone)", tools);
        row("bare call with closing tag", "call:get_weather{}<tool_call|><|tool_response>",
            "call(get_weather {})", tools);
        row("bare call not closed", "call:get_weather{city:Rome<turn|>",
            "call(get_weather {\"city\":\"Rome\"})", tools);
        row("no bare call within a line", "a call:get_weather{}<turn|>",
            "answer(a call:get_weather{})", tools);
        row("no bare call of an unknown tool", "call:get_time{}<turn|>", "answer(call:get_time{})",
            tools);
        row("no bare call without tools", "call:get_weather{}<turn|>",
            "answer(call:get_weather{})");
        row("beginning of a bare call", "call:get_wea<turn|>", "answer(call:get_wea)", tools);
        row("beginning of a bare call, cut off", "x\ncall:", "answer(x\ncall:)", tools);
        row("lines with tools offered", " A\n\n B \n<turn|>", "answer(A\n\n B)", tools);
    }
    void splitsAReply() {
        QFETCH(const QString, reply);
        QFETCH(const QString, expected);
        QFETCH(const StreamOptions, options);
        for (const Cut cut : {Cut::Tokens, Cut::Bytes}) {
            const Read read =
                readAll(*tokenizer_, options, idsOf(*tokenizer_, reply.toStdString(), cut));
            QCOMPARE(QString::fromStdString(read.told), expected);
        }
    }

    void stopStringsEndTheAnswer_data() {
        QTest::addColumn<QString>("reply");
        QTest::addColumn<QStringList>("stops");
        QTest::addColumn<QString>("expected");
        QTest::addColumn<bool>("stopped");
        QTest::newRow("over tokens")
            << "one two STOP three<turn|>" << QStringList{"STOP"} << "answer(one two )" << true;
        QTest::newRow("never") << "one ST OP<turn|>" << QStringList{"STOP"} << "answer(one ST OP)"
                               << false;
        QTest::newRow("beginning at the end")
            << "one STO<turn|>" << QStringList{"STOP"} << "answer(one STO)" << false;
        QTest::newRow("white space")
            << "one\n\ntwo<turn|>" << QStringList{"\n\n"} << "answer(one)" << true;
        QTest::newRow("borders") << "aabaabaac<turn|>" << QStringList{"aabaac"} << "answer(aab)"
                                 << true;
        QTest::newRow("the first of two")
            << "x é y<turn|>" << QStringList{"y", "é"} << "answer(x )" << true;
        QTest::newRow("the longer of two")
            << "x abc<turn|>" << QStringList{"c", "abc"} << "answer(x )" << true;
        QTest::newRow("not in the thought")
            << "<|channel>thought\nSTOP<channel|>A<turn|>" << QStringList{"STOP"}
            << "thought(STOP) end answer(A)" << false;
        QTest::newRow("at once") << "STOP<turn|>" << QStringList{"STOP"} << "" << true;
        QTest::newRow("empty") << "A<turn|>" << QStringList{""} << "answer(A)" << false;
    }
    void stopStringsEndTheAnswer() {
        QFETCH(const QString, reply);
        QFETCH(const QStringList, stops);
        QFETCH(const QString, expected);
        QFETCH(const bool, stopped);
        StreamOptions options;
        for (const QString& stop : stops)
            options.stopStrings.push_back(stop.toStdString());
        for (const Cut cut : {Cut::Tokens, Cut::Bytes}) {
            const Read read =
                readAll(*tokenizer_, options, idsOf(*tokenizer_, reply.toStdString(), cut));
            QCOMPARE(QString::fromStdString(read.told), expected);
            QCOMPARE(read.state == StreamState::StopString, stopped);
        }
    }

    void saysHowTheTurnEnded() {
        QCOMPARE(state("A<turn|>"), StreamState::TurnEnded);
        QCOMPARE(state("A<eos>"), StreamState::TurnEnded);
        QCOMPARE(state("<|tool_call>call:f{}<tool_call|><|tool_response>"),
                 StreamState::WaitsForResults);
        QCOMPARE(state("A"), StreamState::Going);
    }

    void halfACharacterEndsAtTheQuote() {
        std::vector<TokenId> ids = idsOf(*tokenizer_, "<|tool_call>call:f{a:<|\"|>");
        const std::vector<TokenId> half = idsOf(*tokenizer_, "\xC3", Cut::Bytes);
        const std::vector<TokenId> rest = idsOf(*tokenizer_, "<|\"|>}<tool_call|>");
        ids.insert(ids.end(), half.begin(), half.end());
        ids.insert(ids.end(), rest.begin(), rest.end());
        QCOMPARE(readAll(*tokenizer_, {}, ids).told, "call(f {\"a\":\"\uFFFD\"})");
    }

    void textComesAsSoonAsItIsCertain() {
        StreamReader reader(*tokenizer_, {.stopStrings = {"xyz"}});
        const auto add = [&](const char* text) {
            std::vector<StreamEvent> events;
            for (const TokenId id : idsOf(*tokenizer_, text, Cut::Bytes)) {
                (void)reader.add(id);
                events.insert(events.end(), reader.events().begin(), reader.events().end());
            }
            return told(events);
        };
        QCOMPARE(add("a"), "answer(a)");
        QCOMPARE(add(" "), "");
        QCOMPARE(add("b"), "answer( b)");
        QCOMPARE(add("x"), "");
        QCOMPARE(add("y"), "");
        QCOMPARE(add("a"), "answer(xya)");
        QCOMPARE(add("\xC3"), "");
        QCOMPARE(add("\xA9"), "answer(é)");
    }

    void tokensAreCountedByPlace() {
        const std::string thought = "Let me see";
        const std::string answer = "The quick brown fox";
        const Read read = readAll(*tokenizer_, {},
                                  idsOf(*tokenizer_, "<|channel>thought\n" + thought + "<channel|>"
                                                         + answer + "<turn|>"));
        QCOMPARE(read.thoughtTokens, static_cast<int>(tokenizer_->encode(thought).size()));
        QCOMPARE(read.answerTokens, static_cast<int>(tokenizer_->encode(answer).size()));
        QCOMPARE(read.eventTokens, read.thoughtTokens + read.answerTokens);
    }

    void rememberedTokens_data() {
        QTest::addColumn<QString>("reply");
        QTest::addColumn<QString>("whole");  // without the stop token; "-" for not usable
        QTest::addColumn<QString>("answer"); // likewise
        QTest::addColumn<StreamStart>("end");
        const auto row = [](const char* name, const char* reply, const char* whole,
                            const char* answer, StreamStart end = StreamStart::InsideAnswer) {
            QTest::newRow(name) << QString(reply) << QString(whole) << QString(answer) << end;
        };
        row("answer", "Hello<turn|>", "Hello", "Hello");
        row("thought", "<|channel>thought\nA<channel|>Hello<turn|>",
            "<|channel>thought\nA<channel|>Hello", "Hello");
        row("white space around the answer", "<|channel>thought\nA<channel|>\nHello\n<turn|>",
            "<|channel>thought\nA<channel|>\nHello\n", "Hello");
        row("cut off", "Hello\n", "Hello\n", "Hello\n");
        row("cut off in a thought", "<|channel>thought\nA", "<|channel>thought\nA", "-",
            StreamStart::InsideThought);
        row("cut off before a thought", "<|channel>thought\n", "<|channel>thought\n", "-",
            StreamStart::Thought);
        row("cut off in a label", "<|channel>thou", "-", "-", StreamStart::Answer);
        row("ended in a thought", "<|channel>thought\nA<turn|>", "-", "-");
        row("call", "<|tool_call>call:f{}<tool_call|><|tool_response>",
            "<|tool_call>call:f{}<tool_call|>", "-");
        row("unclosed call", "<|tool_call>call:f{}<|tool_response>", "-", "-");
        row("malformed call", "A<|tool_call>?<tool_call|><turn|>", "-", "-");
        row("two stretches", "A<|channel>thought\nB<channel|>C<turn|>",
            "A<|channel>thought\nB<channel|>C", "-");
    }
    void rememberedTokens() {
        QFETCH(const QString, reply);
        QFETCH(const QString, whole);
        QFETCH(const QString, answer);
        QFETCH(const StreamStart, end);
        const auto ids = [&](const QString& text) {
            return text == "-" ? std::vector<TokenId>()
                               : idsOf(*tokenizer_, text.toStdString(), Cut::Bytes);
        };
        const WrittenReply written = readAll(*tokenizer_, {}, ids(reply)).written;
        QCOMPARE(written.reply, ids(whole));
        QCOMPARE(written.answer, ids(answer));
        QCOMPARE(written.end, end);
    }

    void anyTokensGiveWholeCharacters() {
        std::mt19937 random(3);
        const StreamOptions options{.stopStrings = {"zzzz", "é!", "\xFF"}, .tools = {kWeather}};
        for (int round = 0; round < 300; ++round) {
            StreamReader reader(*tokenizer_, options);
            StreamState state = StreamState::Going;
            for (int i = 0; i < 200 && state == StreamState::Going; ++i) {
                // The first 24 ids are the special tokens, the next 256 the bytes.
                const unsigned bound = random() % 3 == 0 ? 24 : 1150;
                state = reader.add(static_cast<TokenId>(random() % bound) - 2);
                checkUtf8(reader.events());
            }
            reader.finish();
            checkUtf8(reader.events());
        }
    }

    void timeIsLinear_data() {
        QTest::addColumn<QString>("opening");
        QTest::addColumn<QString>("unit");
        QTest::newRow("text") << "" << "word ";
        QTest::newRow("newlines") << "a" << "\n";
        QTest::newRow("thought") << "<|channel>thought\n" << "\n";
        QTest::newRow("braces") << "<|tool_call>call:f{a:" << "{a:";
        QTest::newRow("quotes") << "<|tool_call>call:f{" << "a:',";
        QTest::newRow("marks") << "<|tool_call>call:get_weather{" << "city:<|\"|>x<|\"|>,";
        QTest::newRow("commas") << "<|tool_call>call:get_weather{city:" << ",city";
        QTest::newRow("bare braces") << "call:get_weather{" << "{}";
        QTest::newRow("lines") << "" << "call:\n";
    }
    void timeIsLinear() {
        QFETCH(const QString, opening);
        QFETCH(const QString, unit);
        const StreamOptions options{.stopStrings = {"aaaaaaaab"}, .tools = {kWeather}};
        const auto seconds = [&](int count) {
            const auto ids =
                idsOf(*tokenizer_, (opening + unit.repeated(count)).toStdString(), Cut::Bytes);
            double best = 1e9;
            for (int round = 0; round < 3; ++round) {
                const std::clock_t start = std::clock(); // of this process, busy machine or not
                (void)readAll(*tokenizer_, options, ids);
                best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
            }
            return best;
        };
        // 16 times the tokens; a quadratic step would take 256 times as long.
        QCOMPARE_LT(seconds(16'000), 80 * seconds(1'000));
    }

private:
    [[nodiscard]] StreamState state(const char* reply) const {
        return readAll(*tokenizer_, {}, idsOf(*tokenizer_, reply)).state;
    }

    static void checkUtf8(std::span<const StreamEvent> events) {
        for (const StreamEvent& event : events) {
            if (const auto* const thought = std::get_if<ThoughtText>(&event))
                QVERIFY(isUtf8(thought->text) && !thought->text.empty());
            else if (const auto* const answer = std::get_if<AnswerText>(&event))
                QVERIFY(isUtf8(answer->text) && !answer->text.empty());
            else if (const auto* const called = std::get_if<ToolCalled>(&event))
                QVERIFY(isUtf8(called->call.name) && isUtf8(called->call.arguments));
            else if (const auto* const malformed = std::get_if<MalformedCall>(&event))
                QVERIFY(isUtf8(malformed->text));
        }
    }

    std::shared_ptr<const Tokenizer> tokenizer_;
};

namespace {
const Registered<StreamReaderTest> registered;
}

#include "stream_reader_test.moc"
