#include "reference_vocabulary.h"
#include "registry.h"

#include <tokenizer/tokenizer.h>

#include <QJsonArray>
#include <QJsonDocument>
#include <QTest>

#include <functional>
#include <random>

using namespace lapidary;
using namespace lapidary::engine;

using Change = std::function<void(QJsonObject&)>;
Q_DECLARE_METATYPE(Change)
Q_DECLARE_METATYPE(ErrorKind)

namespace {

/// Changes `root[name]`, which is an object.
void edit(QJsonObject& root, const char* name, const Change& change) {
    QJsonObject inner = root[name].toObject();
    change(inner);
    root[name] = inner;
}

void editVocabulary(QJsonObject& root, const Change& change) {
    edit(root, "model", [&](QJsonObject& model) { edit(model, "vocab", change); });
}

void editMerges(QJsonObject& root, const std::function<void(QJsonArray&)>& change) {
    edit(root, "model", [&](QJsonObject& model) {
        QJsonArray merges = model["merges"].toArray();
        change(merges);
        model["merges"] = merges;
    });
}

} // namespace

class HostileVocabularyTest : public QObject {
    Q_OBJECT

private slots:
    void anUnusableFileIsAnError_data() {
        QTest::addColumn<Change>("change");
        QTest::addColumn<ErrorKind>("kind");
        const auto row = [](const char* name, ErrorKind kind, Change change) {
            QTest::newRow(name) << std::move(change) << kind;
        };
        using enum ErrorKind;
        row("no model", Unsupported, [](QJsonObject& r) { r.remove("model"); });
        row("model is a list", Corrupt, [](QJsonObject& r) { r["model"] = QJsonArray(); });
        row("unigram", Unsupported, [](QJsonObject& r) {
            edit(r, "model", [](QJsonObject& m) { m["type"] = "Unigram"; });
        });
        row("no byte fallback", Unsupported, [](QJsonObject& r) {
            edit(r, "model", [](QJsonObject& m) { m["byte_fallback"] = false; });
        });
        row("no normalizer", Unsupported,
            [](QJsonObject& r) { r["normalizer"] = QJsonValue::Null; });
        row("a prefix is put before", Unsupported, [](QJsonObject& r) {
            r["normalizer"] = QJsonObject{{"type", "Prepend"}, {"prepend", "▁"}};
        });
        row("bytes as letters", Unsupported,
            [](QJsonObject& r) { r["pre_tokenizer"] = QJsonObject{{"type", "ByteLevel"}}; });
        row("no vocabulary", Corrupt,
            [](QJsonObject& r) { edit(r, "model", [](QJsonObject& m) { m.remove("vocab"); }); });
        row("vocabulary is a list", Corrupt, [](QJsonObject& r) {
            edit(r, "model", [](QJsonObject& m) { m["vocab"] = QJsonArray{"a"}; });
        });
        row("id is text", Corrupt,
            [](QJsonObject& r) { editVocabulary(r, [](QJsonObject& v) { v["the"] = "7"; }); });
        row("id is negative", Corrupt,
            [](QJsonObject& r) { editVocabulary(r, [](QJsonObject& v) { v["zzzz"] = -1; }); });
        row("id is a fraction", Corrupt,
            [](QJsonObject& r) { editVocabulary(r, [](QJsonObject& v) { v["zzzz"] = 0.5; }); });
        row("id is huge", Corrupt,
            [](QJsonObject& r) { editVocabulary(r, [](QJsonObject& v) { v["zzzz"] = 4e15; }); });
        row("ids far apart", Corrupt, [](QJsonObject& r) {
            editVocabulary(r, [](QJsonObject& v) { v["zzzz"] = 2'000'000; });
        });
        row("an id twice", Corrupt,
            [](QJsonObject& r) { editVocabulary(r, [](QJsonObject& v) { v["zzzz"] = 500; }); });
        row("an empty token", Corrupt,
            [](QJsonObject& r) { editVocabulary(r, [](QJsonObject& v) { v[""] = 1100; }); });
        row("a byte is missing", Corrupt, [](QJsonObject& r) {
            editVocabulary(r, [](QJsonObject& v) { v["zzzz"] = v.take("<0x41>"); });
        });
        row("the space is missing", Corrupt, [](QJsonObject& r) {
            editVocabulary(r, [](QJsonObject& v) {
                for (const QString& piece : v.keys())
                    if (piece.contains(u'▁')) {
                        const int id = v.take(piece).toInt();
                        v[QStringLiteral("<%1>").arg(id)] = id;
                    }
            });
            editMerges(r, [](QJsonArray& m) {
                QJsonArray rest;
                for (const QJsonValue& merge : std::as_const(m))
                    if (!QJsonDocument(QJsonArray{merge}).toJson().contains("▁"))
                        rest.append(merge);
                m = rest;
            });
        });
        row("no turns", Unsupported, [](QJsonObject& r) {
            editVocabulary(r, [](QJsonObject& v) { v["zzzz"] = v.take("<|turn>"); });
            r["added_tokens"] = QJsonArray();
        });
        row("no unknown", Corrupt, [](QJsonObject& r) {
            edit(r, "model", [](QJsonObject& m) { m["unk_token"] = QJsonValue::Null; });
        });
        row("a control token of one character", Corrupt, [](QJsonObject& r) {
            QJsonArray added = r["added_tokens"].toArray();
            added.append(QJsonObject{{"id", 1100}, {"content", "Ж"}, {"special", true}});
            r["added_tokens"] = added;
        });
        row("an added token contradicts the vocabulary", Corrupt, [](QJsonObject& r) {
            QJsonArray added = r["added_tokens"].toArray();
            added.append(QJsonObject{{"id", 900}, {"content", "zzzz"}, {"special", true}});
            r["added_tokens"] = added;
        });
        row("added tokens are numbers", Corrupt,
            [](QJsonObject& r) { r["added_tokens"] = QJsonArray{1, 2}; });
        row("a merge of three", Corrupt, [](QJsonObject& r) {
            editMerges(r, [](QJsonArray& m) { m.append(QJsonArray{"a", "b", "c"}); });
        });
        row("a merge of one", Corrupt,
            [](QJsonObject& r) { editMerges(r, [](QJsonArray& m) { m.append("ab"); }); });
        row("a merge of numbers", Corrupt, [](QJsonObject& r) {
            editMerges(r, [](QJsonArray& m) { m.append(QJsonArray{1, 2}); });
        });
        row("merges of another trainer", Unsupported, [](QJsonObject& r) {
            // One split a piece, as trainers of other families list them.
            editMerges(r, [](QJsonArray& m) {
                QJsonArray some;
                for (qsizetype i = 0; i < m.size(); i += 2)
                    some.append(m[i]);
                m = some;
            });
        });
    }
    void anUnusableFileIsAnError() {
        QFETCH(const Change, change);
        QFETCH(const ErrorKind, kind);
        QJsonObject root = referenceJson("plain.json");
        change(root);
        const QByteArray bytes = QJsonDocument(root).toJson(QJsonDocument::Compact);
        const auto tokenizer = Tokenizer::fromJson(viewOf(bytes));
        QVERIFY(!tokenizer.has_value());
        QCOMPARE(tokenizer.error().kind, kind);
        QVERIFY(tokenizer.error().sentence.ends_with('.'));
    }

    void theUnchangedFileIsRead() {
        const QByteArray bytes =
            QJsonDocument(referenceJson("plain.json")).toJson(QJsonDocument::Indented);
        QVERIFY(Tokenizer::fromJson(viewOf(bytes)).has_value());
    }

    void whatIsNoJsonIsCorrupt_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("nothing") << QByteArray();
        QTest::newRow("a number") << QByteArray("7");
        QTest::newRow("a list") << QByteArray("[]");
        QTest::newRow("deep") << QByteArray("{\"x\":") + QByteArray("[").repeated(100'000);
        QTest::newRow("no UTF-8") << QByteArray("{\"\xFF\":1}");
        QTest::newRow("LFS pointer") << QByteArray("version https://git-lfs.github.com/spec/v1\n");
    }
    void whatIsNoJsonIsCorrupt() {
        QFETCH(const QByteArray, bytes);
        const auto tokenizer = Tokenizer::fromJson(viewOf(bytes));
        QVERIFY(!tokenizer.has_value());
        QCOMPARE(tokenizer.error().kind, ErrorKind::Corrupt);
    }

    void aTruncatedFileIsAnError_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"plain.json", "plain.model"})
            QTest::newRow(name) << name;
    }
    void aTruncatedFileIsAnError() {
        QFETCH(const QString, name);
        const QByteArray bytes = referenceFile(name);
        for (qsizetype size = 0; size < bytes.size() - 50; size += 997) {
            const QByteArray part = bytes.left(size);
            const auto tokenizer = name.endsWith(u".json")
                                       ? Tokenizer::fromJson(viewOf(part))
                                       : Tokenizer::fromSentencePiece(viewOf(part));
            QVERIFY(!tokenizer.has_value());
        }
    }

    /// Must be read or refused; what is read must be able to encode.
    void damageNeverCrashes_data() { aTruncatedFileIsAnError_data(); }
    void damageNeverCrashes() {
        QFETCH(const QString, name);
        const QByteArray bytes = referenceFile(name);
        std::mt19937 random(5);
        int readable = 0;
        for (int round = 0; round < 400; ++round) {
            QByteArray damaged = bytes;
            for (unsigned i = 0; i <= round % 8U; ++i)
                damaged[static_cast<qsizetype>(random()) % damaged.size()] =
                    static_cast<char>(random());
            const auto tokenizer = name.endsWith(u".json")
                                       ? Tokenizer::fromJson(viewOf(damaged))
                                       : Tokenizer::fromSentencePiece(viewOf(damaged));
            if (!tokenizer)
                continue;
            ++readable;
            (void)(*tokenizer)->encode("The quick brown fox  \n\n 漢字 <|turn> 42");
        }
        QVERIFY(readable > 0);
    }
};

namespace {
const Registered<HostileVocabularyTest> registered;
}

#include "hostile_vocabulary_test.moc"
