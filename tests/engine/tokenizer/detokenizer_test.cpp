#include "reference_vocabulary.h"
#include "registry.h"

#include <tokenizer/detokenizer.h>
#include <tokenizer/utf8.h>

#include <QTest>

#include <format>
#include <random>

using namespace lapidary::engine;

class DetokenizerTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { tokenizer_ = referenceTokenizer("plain.json"); }

    void joinsTheBytesOfACharacter() {
        Detokenizer detokenizer(*tokenizer_);
        QCOMPARE(detokenizer.add(byte(0xF0)), "");
        QCOMPARE(detokenizer.add(byte(0x9F)), "");
        QCOMPARE(detokenizer.add(byte(0x98)), "");
        QCOMPARE(detokenizer.add(byte(0x80)), "😀");
        QCOMPARE(detokenizer.flush(), "");
    }

    void replacesWhatCanBecomeNoCharacter() {
        Detokenizer detokenizer(*tokenizer_);
        QCOMPARE(detokenizer.add(byte(0xFF)), "\uFFFD");
        QCOMPARE(detokenizer.add(byte(0xE2)), "");
        QCOMPARE(detokenizer.add(letter()), "\uFFFDa");
        QCOMPARE(detokenizer.add(byte(0xE2)), "");
        QCOMPARE(detokenizer.add(byte(0xE2)), "\uFFFD");
        QCOMPARE(detokenizer.add(byte(0x82)), "");
        QCOMPARE(detokenizer.flush(), "\uFFFD");
        QCOMPARE(detokenizer.flush(), "");
        QCOMPARE(detokenizer.add(letter()), "a");
    }

    void keepsLeadingSpaces() {
        Detokenizer detokenizer(*tokenizer_);
        std::string text;
        for (const TokenId id : tokenizer_->encode("   x"))
            text += detokenizer.add(id);
        QCOMPARE(text, "   x");
    }

    void showsControlTokensOnlyWhenAsked() {
        const TokenId turn = tokenizer_->special()[Special::TurnBegin];
        Detokenizer hidden(*tokenizer_);
        QCOMPARE(hidden.add(turn), "");
        Detokenizer visible(*tokenizer_, Detokenizer::Controls::Visible);
        QCOMPARE(visible.add(turn), "<|turn>");
        QCOMPARE(visible.add(byte(0xE2)), "");
        QCOMPARE(visible.add(turn), "\uFFFD<|turn>");
    }

    void anyTokensGiveWholeCharacters() {
        std::mt19937 random(11);
        Detokenizer detokenizer(*tokenizer_, Detokenizer::Controls::Visible);
        for (int i = 0; i < 200'000; ++i) {
            // Half of them bytes, and some ids that do not exist.
            const TokenId id = random() % 2 == 0 ? byte(random() % 256)
                                                 : static_cast<TokenId>(random() % 1200) - 50;
            QVERIFY(isUtf8(detokenizer.add(id)));
        }
        QVERIFY(isUtf8(detokenizer.flush()));
    }

private:
    [[nodiscard]] TokenId byte(unsigned value) const {
        for (TokenId id = 0; id < tokenizer_->size(); ++id) {
            if (!tokenizer_->isControl(id) && tokenizer_->bytes(id).size() == 1
                && static_cast<unsigned char>(tokenizer_->bytes(id)[0]) == value)
                return id;
        }
        qFatal("no byte %u", value);
    }
    [[nodiscard]] TokenId letter() const { return tokenizer_->encode("a").front(); }

    std::shared_ptr<const Tokenizer> tokenizer_;
};

namespace {
const Registered<DetokenizerTest> registered;
}

#include "detokenizer_test.moc"
