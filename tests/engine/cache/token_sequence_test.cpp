#include "cache/token_sequence.h"
#include "registry.h"

#include <QTest>

#include <vector>

namespace lapidary::engine::test {

class TokenSequenceTest final : public QObject {
    Q_OBJECT

private slots:
    void runsOfPlaceholdersAreImages();
    void commonPrefixes_data();
    void commonPrefixes();
    void truncationForgetsImages();
    void imagesCanBeAppendedInPieces();
};

namespace {

constexpr std::int32_t kSoft = 99;

/// Letters are tokens; a digit is an image of three soft tokens with that identity.
TokenSequence sequence(const char* text) {
    TokenSequence result;
    for (; *text != 0; ++text) {
        if (*text >= '0' && *text <= '9')
            result.appendImage(kSoft, 3, std::uint64_t(*text));
        else
            result.append(*text);
    }
    return result;
}

} // namespace

void TokenSequenceTest::runsOfPlaceholdersAreImages() {
    const std::vector<std::int32_t> ids = {kSoft, 1, 2, kSoft, kSoft, 3, kSoft};
    const TokenSequence tokens(ids, kSoft);
    QCOMPARE(tokens.size(), 7);
    const std::vector<ImageSpan> expected = {{0, 1, 0}, {3, 5, 1}, {6, 7, 2}};
    QVERIFY(std::ranges::equal(tokens.images(), expected));
    QVERIFY(std::ranges::equal(tokens.ids(), ids));
}

void TokenSequenceTest::commonPrefixes_data() {
    QTest::addColumn<QByteArray>("a");
    QTest::addColumn<QByteArray>("b");
    QTest::addColumn<int>("length");
    QTest::newRow("equal") << QByteArray("abc") << QByteArray("abc") << 3;
    QTest::newRow("nothing") << QByteArray("abc") << QByteArray("xbc") << 0;
    QTest::newRow("empty") << QByteArray("") << QByteArray("abc") << 0;
    QTest::newRow("longer") << QByteArray("abcd") << QByteArray("ab") << 2;
    QTest::newRow("same image") << QByteArray("a1b") << QByteArray("a1c") << 4;
    QTest::newRow("other image") << QByteArray("a1b") << QByteArray("a2b") << 1;
    QTest::newRow("image after difference") << QByteArray("ab1") << QByteArray("ac1") << 1;
    QTest::newRow("second image differs") << QByteArray("a1b2c") << QByteArray("a1b3c") << 5;
    QTest::newRow("image against text") << QByteArray("a1") << QByteArray("ab") << 1;
    QTest::newRow("adjacent images") << QByteArray("12") << QByteArray("13") << 3;
}

void TokenSequenceTest::commonPrefixes() {
    QFETCH(QByteArray, a);
    QFETCH(QByteArray, b);
    QFETCH(int, length);
    QCOMPARE(sequence(a.constData()).commonPrefix(sequence(b.constData())), length);
    QCOMPARE(sequence(b.constData()).commonPrefix(sequence(a.constData())), length);
}

void TokenSequenceTest::truncationForgetsImages() {
    TokenSequence tokens = sequence("a1b2c");
    tokens.truncate(5);
    QCOMPARE(tokens.images().size(), std::size_t{1});
    QCOMPARE(tokens.commonPrefix(sequence("a1b2c")), 5);
    QCOMPARE(tokens.outsideImage(2), 1);
    QCOMPARE(tokens.outsideImage(3), 1);
    QCOMPARE(tokens.outsideImage(4), 4);
}

void TokenSequenceTest::imagesCanBeAppendedInPieces() {
    const TokenSequence whole = sequence("a1b2c");
    for (int cut = 0; cut <= whole.size(); ++cut) {
        TokenSequence pieces;
        pieces.appendFrom(whole, 0, cut);
        // What is cut equals nothing: the images are told apart by their lengths.
        QCOMPARE(pieces.commonPrefix(whole), whole.outsideImage(cut));
        pieces.appendFrom(whole, cut, whole.size());
        QVERIFY(std::ranges::equal(pieces.images(), whole.images()));
        QCOMPARE(pieces.commonPrefix(whole), whole.size());
    }
}

const Registered<TokenSequenceTest> registered;

} // namespace lapidary::engine::test

#include "token_sequence_test.moc"
