#include "reference_vocabulary.h"
#include "registry.h"

#include <tokenizer/tokenizer.h>

#include <QFile>
#include <QTest>

#include <span>

using namespace lapidary::engine;

namespace {

using Ids = std::vector<TokenId>;

/// Text with the names of special tokens in it, each spliced by its id.
Ids encodeWithNames(const Tokenizer& tokenizer, std::string_view text) {
    Ids ids;
    std::size_t plainBegin = 0;
    const auto flush = [&](std::size_t end) {
        const Ids part = tokenizer.encode(text.substr(plainBegin, end - plainBegin));
        ids.insert(ids.end(), part.begin(), part.end());
    };
    for (std::size_t at = 0; at < text.size();) {
        std::size_t length = 0;
        for (std::size_t i = 0; i < kSpecialCount; ++i) {
            const std::string_view name = specialName(static_cast<Special>(i));
            if (text.substr(at).starts_with(name)) {
                flush(at);
                ids.push_back(tokenizer.special()[static_cast<Special>(i)]);
                length = name.size();
            }
        }
        at += std::max<std::size_t>(length, 1);
        if (length > 0)
            plainBegin = at;
    }
    flush(text.size());
    return ids;
}

struct Vector {
    const char* text;
    Ids ids;
};

// gemma4.md 6.3.
const Vector kVectors[] = {
    {"Hello, world!", {9259, 236764, 1902, 236888}},
    {"The answer is 42, not 43.5 or -1",
     {818, 3890, 563, 236743, 236812, 236778, 236764, 711, 236743, 236812, 236800, 236761, 236810,
      653, 753, 236770}},
    {"The quick brown fox jumps over the lazy dog.",
     {818, 3823, 8864, 37423, 38167, 1024, 506, 31770, 4799, 236761}},
    {"func main() { fmt.Println(\"hello\") }",
     {6823, 1689, 825, 642, 22766, 236761, 29006, 885, 23391, 1373, 682}},
    {"Café naïve façade über Straße żółw język",
     {160319, 236859, 120362, 96008, 8046, 80176, 207635, 236765, 119116, 90838}},
    {"人工知能は未来を変える。한국어 테스트입니다.",
     {66447, 237669, 237230, 237048, 37922, 126836, 15982, 236924, 114216, 237430, 112196, 15245,
      236761}},
    {"Hello 😀🔥 world 🌍✨ test 🤖",
     {9259, 163543, 240785, 1902, 236743, 244906, 239794, 1594, 236743, 246143}},
    {"   leading spaces", {139, 26016, 9952}},
    {"trailing spaces   ", {136697, 9952, 139}},
    {"a  b   c    d", {236746, 138, 236763, 139, 236755, 140, 236753}},
    {"line1\nline2\n\nline3\n\n\n\tindented\ttabs\t\n",
     {1257, 236770, 107, 1257, 236778, 108, 1257, 236800, 109, 255968, 724, 16764, 255968, 39218,
      255968, 107}},
    {"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", {126}},
    {" élève  à\n la  plage ", {13124, 39512, 138, 236937, 107, 759, 138, 675, 676, 236743}},
    {"3.14159 == pi; x != 42 && y <= 7 || z >= 100",
     {236800, 236761, 236770, 236812, 236770, 236810, 236819, 1251,   4604,
      236793, 1123,   2843,   236743, 236812, 236778, 2732,   570,    6605,
      236743, 236832, 3943,   904,    6867,   236743, 236770, 236771, 236771}},
    {"<start_of_turn>user\n", {236820, 3041, 236779, 1340, 236779, 887, 236813, 2364, 107}},
    {"<|turn>user\nHello there<turn|>\n<|turn>model\n",
     {105, 2364, 107, 9259, 993, 106, 107, 105, 4368, 107}},
    {"<|tool_call>call:bash{command:<|\"|>ls -la<|\"|>}<tool_call|>",
     {48, 6639, 236787, 42422, 236782, 7674, 236787, 52, 5629, 753, 2149, 52, 236783, 49}},
    {"<|tool>declaration:bash{description:<|\"|>Run a command<|\"|>}<tool|>",
     {46, 163688, 236787, 42422, 236782, 7777, 236787, 52, 7306, 496, 4991, 52, 236783, 47}},
    {"<|channel>thought\nLet me think about this...<channel|>The answer is 42.",
     {100, 45518, 107, 6481, 786, 1751, 1003, 672, 1390, 101, 818, 3890, 563, 236743, 236812,
      236778, 236761}},
    {"<bos><|turn>user\nHi<turn|>\n<|turn>model\n<|channel>thought\n<channel|>",
     {2, 105, 2364, 107, 10979, 106, 107, 105, 4368, 107, 100, 45518, 107, 101}},
    {"<bos><|turn>system\nBe concise.<turn|>\n<|turn>user\nSay hello.<turn|>\n<|turn>model\n"
     "<|channel>thought\n<channel|>",
     {2,     105,   9731,   107, 3912, 63510, 236761, 106, 107, 105,   2364, 107,
      37889, 29104, 236761, 106, 107,  105,   4368,   107, 100, 45518, 107,  101}},
    {"<bos><|turn>system\n<|think|>\n<turn|>\n<|turn>user\nSolve 2+2.<turn|>\n<|turn>model\n",
     {2,     105,    9731,   107,    98,     107,    106, 107, 105, 2364, 107,
      76857, 236743, 236778, 236862, 236778, 236761, 106, 107, 105, 4368, 107}},
};

} // namespace

/// The released vocabulary has 32 MB and is not ours to keep here:
///     test_engine_tokenizer GoldenVectorsTest --vocabulary=/path/to/gemma-4/tokenizer.json
class GoldenVectorsTest : public QObject {
    Q_OBJECT

private slots:
    void theReleasedVocabularyGivesThePublishedIds() {
        const QString path = testOption("vocabulary");
        if (path.isEmpty())
            QSKIP("needs Gemma 4's own vocabulary: --vocabulary=PATH of its tokenizer.json or "
                  ".model");
        QFile file(path);
        QVERIFY2(file.open(QIODevice::ReadOnly), qPrintable(file.errorString()));
        const QByteArray bytes = file.readAll();
        const auto tokenizer = path.endsWith(u".json")
                                   ? Tokenizer::fromJson(viewOf(bytes))
                                   : Tokenizer::fromSentencePiece(viewOf(bytes));
        QVERIFY2(tokenizer.has_value(),
                 tokenizer ? "" : (tokenizer.error().sentence + tokenizer.error().detail).c_str());
        QCOMPARE((*tokenizer)->size(), 262144);
        for (const Vector& vector : kVectors)
            QCOMPARE(encodeWithNames(**tokenizer, vector.text), vector.ids);
    }

    /// The splicing that the vectors rely on, on a vocabulary that is here.
    void namesAreSplicedByTheirIds() {
        const auto tokenizer = referenceTokenizer("plain.json");
        const SpecialTokens& special = tokenizer->special();
        Ids expected{special[Special::TurnBegin]};
        const Ids text = tokenizer->encode("user\nHi");
        expected.insert(expected.end(), text.begin(), text.end());
        expected.push_back(special[Special::TurnEnd]);
        QCOMPARE(encodeWithNames(*tokenizer, "<|turn>user\nHi<turn|>"), expected);
    }
};

namespace {
const Registered<GoldenVectorsTest> registered;
}

#include "golden_vectors_test.moc"
