#include "reference_vocabulary.h"
#include "registry.h"

#include <tokenizer/detokenizer.h>
#include <tokenizer/tokenizer.h>
#include <tokenizer/utf8.h>

#include <QJsonArray>
#include <QJsonDocument>
#include <QTemporaryDir>
#include <QTest>

#include <array>
#include <ctime>

using namespace lapidary::engine;

namespace {

using Ids = std::vector<TokenId>;

/// splitmix64, the same as in tests/reference/tokenizer/make.py.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::size_t below(std::size_t bound) {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
        return (z ^ (z >> 31U)) % bound;
    }

private:
    std::uint64_t state_;
};

std::vector<std::string> fragments() {
    std::vector<std::string> texts;
    for (const QJsonValue& value : referenceJson("samples.json")["fragments"].toArray())
        texts.push_back(value.toString().toStdString());
    return texts;
}

std::string sample(const std::vector<std::string>& parts, std::size_t number) {
    Random random(number);
    const std::size_t count = number % 100 == 99 ? 1200 : 1 + random.below(12);
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += parts[random.below(parts.size())];
    return text;
}

QByteArray hashOf(const Ids& ids) {
    std::uint32_t hash = 0x811C9DC5U; // FNV-1a over the ids' little-endian bytes
    for (const TokenId id : ids) {
        for (unsigned shift = 0; shift < 32; shift += 8)
            hash = (hash ^ ((static_cast<std::uint32_t>(id) >> shift) & 0xFFU)) * 0x01000193U;
    }
    return QByteArray::number(hash, 16).rightJustified(8, '0');
}

std::string decode(const Tokenizer& tokenizer, const Ids& ids) {
    Detokenizer detokenizer(tokenizer);
    std::string text;
    for (const TokenId id : ids)
        text += detokenizer.add(id);
    return text + detokenizer.flush();
}

} // namespace

class TokenizerTest : public QObject {
    Q_OBJECT

private slots:
    void givesTheIdsOfTheReference_data() {
        QTest::addColumn<int>("column");
        QTest::newRow("plain.json") << 0;
        QTest::newRow("runs.json") << 1;
        QTest::newRow("plain.model") << 2;
        QTest::newRow("runs.model") << 3;
    }
    void givesTheIdsOfTheReference() {
        QFETCH(const int, column);
        const auto tokenizer = referenceTokenizer(QTest::currentDataTag());
        const std::vector<std::string> parts = fragments();
        const QList<QByteArray> lines = referenceFile("hashes.txt").trimmed().split('\n');
        QCOMPARE(lines.size(), 3000);
        for (qsizetype i = 0; i < lines.size(); ++i) {
            const std::string text = sample(parts, static_cast<std::size_t>(i));
            const Ids ids = tokenizer->encode(text);
            if (hashOf(ids) != lines[i].split(' ')[column])
                QFAIL(qPrintable(
                    QStringLiteral("sample %1: '%2'").arg(i).arg(QString::fromStdString(text))));
            QCOMPARE(decode(*tokenizer, ids), replacedMarks(text));
        }
    }

    void givesTheIdsOfTheExamples_data() {
        QTest::addColumn<QString>("name");
        QTest::newRow("plain") << "plain";
        QTest::newRow("runs") << "runs";
    }
    void givesTheIdsOfTheExamples() {
        QFETCH(const QString, name);
        const auto tokenizer = referenceTokenizer(name + ".json");
        for (const QJsonValue& value : referenceJson("samples.json")["examples"].toArray()) {
            QList<int> expected;
            for (const QJsonValue& id : value[name].toArray())
                expected.append(id.toInt());
            const Ids ids = tokenizer->encode(value["text"].toString().toStdString());
            QCOMPARE(QList<int>(ids.begin(), ids.end()), expected);
        }
    }

    void findsSpecialTokensByName() {
        const auto tokenizer = referenceTokenizer("plain.json");
        for (std::size_t i = 0; i < kSpecialCount; ++i) {
            const auto special = static_cast<Special>(i);
            const TokenId id = tokenizer->special()[special];
            QVERIFY(id != kNoToken);
            QCOMPARE(tokenizer->bytes(id), specialName(special));
            QCOMPARE(tokenizer->special().kind(id), special);
            QVERIFY(tokenizer->isControl(id));
        }
    }

    void aHoleInTheIdsIsTheVideoToken() {
        const auto tokenizer = referenceTokenizer("runs.json");
        QVERIFY(tokenizer->special().has(Special::VideoSoft));
        QCOMPARE(tokenizer->notice(), std::string());
    }

    void typedTextNeverBecomesAControlToken_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"plain.json", "plain.model", "runs.json", "runs.model"})
            QTest::newRow(name) << name;
    }
    void typedTextNeverBecomesAControlToken() {
        QFETCH(const QString, name);
        const auto tokenizer = referenceTokenizer(name);
        for (std::size_t i = 0; i < kSpecialCount; ++i) {
            const std::string text =
                std::string("a").append(specialName(static_cast<Special>(i))).append("b ");
            const Ids ids = tokenizer->encode(text);
            for (const TokenId id : ids)
                QVERIFY(!tokenizer->isControl(id) && !tokenizer->special().kind(id));
            QCOMPARE(decode(*tokenizer, ids), text);
        }
    }

    void ordinaryAddedTokensAreTakenWhole() {
        const auto tokenizer = referenceTokenizer("runs.json");
        const Ids ids = tokenizer->encode("<p>");
        QCOMPARE(ids.size(), 1U);
        QCOMPARE(tokenizer->bytes(ids[0]), "<p>");
    }

    /// A merge list that does not make a piece leaves it to nobody, although its halves exist.
    void piecesThatNoMergeMakesAreNotUsed() {
        QJsonObject root = referenceJson("plain.json");
        QJsonObject model = root["model"].toObject();
        QJsonObject vocabulary = model["vocab"].toObject();
        vocabulary["q,"] = 1100;
        model["vocab"] = vocabulary;
        root["model"] = model;
        const QByteArray bytes = QJsonDocument(root).toJson();
        const auto tokenizer = Tokenizer::fromJson(viewOf(bytes));
        QVERIFY(tokenizer.has_value());
        QCOMPARE((*tokenizer)->bytes(1100), "q,");
        QCOMPARE((*tokenizer)->encode("q,").size(), 2U);
    }

    void invalidUtf8IsReadAsReplacements() {
        const auto tokenizer = referenceTokenizer("plain.json");
        for (const std::string_view text :
             {"a\xFF"
              "b",
              "\xC3", "x\xE2\x82 y", "\xED\xA0\x80", "\xF0\x9F\x98", "\x80\x80"})
            QCOMPARE(tokenizer->encode(text), tokenizer->encode(withoutInvalidUtf8(text)));
    }

    void timeIsLinear_data() {
        QTest::addColumn<QByteArray>("unit");
        QTest::newRow("prose") << QByteArray("The quick brown fox. ");
        QTest::newRow("letters") << QByteArray("a");
        QTest::newRow("newlines") << QByteArray("\n");
        QTest::newRow("spaces") << QByteArray(" ");
        QTest::newRow("no UTF-8") << QByteArray("\xFF");
    }
    void timeIsLinear() {
        QFETCH(const QByteArray, unit);
        const auto tokenizer = referenceTokenizer("runs.json");
        const auto seconds = [&](qsizetype bytes) {
            const QByteArray text = unit.repeated(bytes / unit.size());
            double best = 1e9;
            for (int round = 0; round < 3; ++round) {
                const std::clock_t start = std::clock(); // of this process, busy machine or not
                (void)tokenizer->encode(viewOf(text));
                best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
            }
            return best;
        };
        // 16 times the text may take 16 · log-ish times as long; a quadratic step would take 256.
        QCOMPARE_LT(seconds(qsizetype{1} << 18), 64 * seconds(qsizetype{1} << 14));
    }

    void loadsAFolderAndChecksItsSize() {
        const QTemporaryDir folder;
        const auto load = [&](int size) {
            return Tokenizer::load(folder.path().toStdString(), size);
        };
        QCOMPARE(load(1100).error().kind, lapidary::ErrorKind::NotFound);
        QVERIFY(write(folder.filePath("tokenizer.model"), referenceFile("plain.model")));
        QCOMPARE((*load(1100))->size(), 1100);
        QVERIFY(write(folder.filePath("tokenizer.json"), referenceFile("runs.json")));
        QCOMPARE((*load(1000))->size(), 1000);
        QCOMPARE((*load(1024))->size(), 1000);
        QVERIFY(load(1024)->get()->isControl(1010));
        QVERIFY(load(1024)->get()->bytes(1010).empty());
        QCOMPARE(load(999).error().kind, lapidary::ErrorKind::Corrupt);
        QCOMPARE(load(1256).error().kind, lapidary::ErrorKind::Corrupt);
        QVERIFY(load(262144).error().sentence.contains("1000 tokens"));
    }

private:
    /// A typed U+2581 is a space to every tokenizer of this kind.
    static std::string replacedMarks(std::string text) {
        constexpr std::string_view kMark = "\xE2\x96\x81";
        for (std::size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at))
            text.replace(at, kMark.size(), " ");
        return text;
    }

    static bool write(const QString& path, const QByteArray& bytes) {
        QFile file(path);
        return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
    }
};

namespace {
const Registered<TokenizerTest> registered;
}

#include "tokenizer_test.moc"
