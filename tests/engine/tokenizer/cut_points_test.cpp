#include "registry.h"

#include <tokenizer/cut_points.h>

#include <QTest>

using namespace lapidary::engine;

namespace {

CutPoints cutPoints() {
    Vocabulary vocabulary;
    for (const char* text : {"a", "b", "▁", "\n", "\n\n", "ab", "▁a", "é", "éa"})
        vocabulary.pieces.push_back({.text = text});
    vocabulary.pieces.push_back({.text = "b▁", .kind = PieceKind::Control});
    return CutPoints(vocabulary);
}

} // namespace

class CutPointsTest : public QObject {
    Q_OBJECT

private slots:
    void cutsWhereNoPieceReachesAcross_data() {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<int>("wanted");
        QTest::addColumn<int>("cut");
        QTest::newRow("short text stays whole") << QByteArray("ab ab") << 5 << 5;
        QTest::newRow("before a space") << QByteArray("ab ab ab") << 1 << 2;
        QTest::newRow("not inside a run of newlines") << QByteArray("b\n\n\n\nb") << 2 << 5;
        QTest::newRow("not after a space") << QByteArray("b a b") << 2 << 3;
        QTest::newRow("inside a character") << QByteArray("béab b") << 2 << 5;
        QTest::newRow("nowhere") << QByteArray("ab\xC3\xA9"
                                               "ab")
                                 << 3 << 6;
        QTest::newRow("control pieces do not count") << QByteArray("b b") << 1 << 1;
    }
    void cutsWhereNoPieceReachesAcross() {
        QFETCH(const QByteArray, text);
        QFETCH(const int, wanted);
        QFETCH(const int, cut);
        QCOMPARE(cutPoints().firstPart({text.constData(), static_cast<std::size_t>(text.size())},
                                       static_cast<std::size_t>(wanted)),
                 static_cast<std::size_t>(cut));
    }
};

namespace {
const Registered<CutPointsTest> registered;
}

#include "cut_points_test.moc"
