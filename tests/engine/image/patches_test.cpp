#include "image.h"
#include "image/patches.h"
#include "registry.h"

#include <QTest>

using namespace lapidary::engine;

/// The table of gemma4.md 5.1, and what must hold for any size.
class PatchesTest : public QObject {
    Q_OBJECT

private slots:
    void sizesAreThoseOfTheTable_data();
    void sizesAreThoseOfTheTable();
    void anySizeFitsItsBudget();
    void gridMatchesTheTokens();
};

void PatchesTest::sizesAreThoseOfTheTable_data() {
    QTest::addColumn<int>("width");
    QTest::addColumn<int>("height");
    QTest::addColumn<QList<int>>("fitted"); // width, height, tokens at each budget in turn
    const QList<int> square = {384, 384,  64,   528, 528,  121,  768, 768,
                               256, 1104, 1104, 529, 1584, 1584, 1089};
    QTest::newRow("64x64") << 64 << 64 << square;
    QTest::newRow("224x224") << 224 << 224 << square;
    QTest::newRow("896x896") << 896 << 896 << square;
    QTest::newRow("1024x768") << 1024 << 768
                              << QList<int>{432, 336,  63,  624, 480,  130,  912, 672,
                                            266, 1296, 960, 540, 1824, 1344, 1064};
    const QList<int> wide = {528, 288,  66,  720, 384,  120,  1056, 576,
                             264, 1488, 816, 527, 2112, 1200, 1100};
    QTest::newRow("1920x1080") << 1920 << 1080 << wide;
    QTest::newRow("3840x2160") << 3840 << 2160 << wide;
    QTest::newRow("1080x1920") << 1080 << 1920
                               << QList<int>{288, 528, 66,   384, 720,  120,  576, 1056,
                                             264, 816, 1488, 527, 1200, 2112, 1100};
    QTest::newRow("5000x100") << 5000 << 100
                              << QList<int>{2832, 48,   59,  3984, 48,    83,  5664, 96,
                                            236,  8016, 144, 501,  11328, 192, 944};
    // One row of blocks: whole multiples of the height, at most the budget.
    QTest::newRow("30000x1") << 30000 << 1
                             << QList<int>{3360, 48,    70, 6720, 48,    140, 13440, 48,
                                           280,  26880, 48, 560,  53760, 48,  1120};
    QTest::newRow("3x1000") << 3 << 1000
                            << QList<int>{48,  3360, 70,    48,  6720, 140,   48, 13440,
                                          280, 48,   20736, 432, 48,   29328, 611};
}

void PatchesTest::sizesAreThoseOfTheTable() {
    QFETCH(const int, width);
    QFETCH(const int, height);
    QFETCH(const QList<int>, fitted);
    qsizetype i = 0;
    for (const int budget : kImageBudgets) {
        const FittedSize size = fitToBudget(width, height, budget);
        QCOMPARE(size, (FittedSize{.width = fitted[i], .height = fitted[i + 1]}));
        QCOMPARE(imageTokens(width, height, budget), fitted[i + 2]);
        i += 3;
    }
}

void PatchesTest::anySizeFitsItsBudget() {
    for (int width = 1; width < 9000; width += 1 + width / 7) {
        for (int height = 1; height < 9000; height += 1 + height / 7) {
            for (const int budget : kImageBudgets) {
                const FittedSize size = fitToBudget(width, height, budget);
                QVERIFY(size.width >= kBlockSide && size.width % kBlockSide == 0);
                QVERIFY(size.height >= kBlockSide && size.height % kBlockSide == 0);
                QVERIFY(size.softTokens() <= budget);
            }
        }
    }
}

void PatchesTest::gridMatchesTheTokens() {
    const Image image{.width = 100, .height = 60, .rgb = std::vector<std::uint8_t>(18000, 51)};
    const Patches small = cutPatches(image, 70, kPatchSide);
    const Patches blocks = cutPatches(image, 70, kBlockSide);
    QCOMPARE(blocks.count(), imageTokens(100, 60, 70));
    QCOMPARE(small.count(), blocks.count() * 9);
    QCOMPARE(small.columns, blocks.columns * 3);
    QCOMPARE(small.pixels.size(), blocks.pixels.size());
    QCOMPARE(blocks.pixels.front(), 0.2F); // 51 / 255
}

const Registered<PatchesTest> registered;

#include "patches_test.moc"
