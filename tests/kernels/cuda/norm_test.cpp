#include "card_test.h"
#include "registry.h"

#include <QTest>

using namespace lapidary::kernels;
using namespace lapidary::kernels::test;

/// Norms and the operations of one element each.
class CudaNormTest final : public CardTest {
    Q_OBJECT

private slots:
    void normsAgree_data() {
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("width");
        for (const int rows : {1, 3, 16, 100})
            for (const int width : {1, 33, 256, 512, 1024, 1025, 3840, 6912})
                QTest::addRow("%d x %d", rows, width) << rows << width;
    }
    void normsAgree() {
        QFETCH(int, rows);
        QFETCH(int, width);
        std::mt19937 random(3);
        const Twin x = Twin::random(pair_, random, {rows, width}, 3);
        const Table weight(pair_, randomNumbers(random, width, 0.2F, 1), {width});
        const Table bias(pair_, randomNumbers(random, width, 0.5F), {width});
        Twin y = Twin::unwritten(pair_, {rows, width});
        pair_.cpu->rmsNorm(x.cpu, weight.cpu, 1e-6F, y.cpu);
        pair_.card->rmsNorm(x.card, weight.card, 1e-6F, y.card);
        QCOMPARE(difference(y.fromCard(*pair_.card), y.fromCpu(), width, kTolerance), QString());
        pair_.cpu->rmsNorm(x.cpu, {}, 1e-6F, y.cpu);
        pair_.card->rmsNorm(x.card, {}, 1e-6F, y.card);
        QCOMPARE(difference(y.fromCard(*pair_.card), y.fromCpu(), width, kTolerance), QString());
        if (width > 1) {
            pair_.cpu->layerNorm(x.cpu, weight.cpu, bias.cpu, 1e-5F, y.cpu);
            pair_.card->layerNorm(x.card, weight.card, bias.card, 1e-5F, y.card);
            QCOMPARE(difference(y.fromCard(*pair_.card), y.fromCpu(), width, kTolerance),
                     QString());
        }
        Twin residual = Twin::random(pair_, random, {rows, width}, 2);
        pair_.cpu->addNormed({.residual = residual.cpu,
                              .x = x.cpu,
                              .weight = weight.cpu,
                              .epsilon = 1e-6F,
                              .scale = 0.7F});
        pair_.card->addNormed({.residual = residual.card,
                               .x = x.card,
                               .weight = weight.card,
                               .epsilon = 1e-6F,
                               .scale = 0.7F});
        QCOMPARE(difference(residual.fromCard(*pair_.card), residual.fromCpu(), width, kTolerance),
                 QString());
    }

    void elementsAgree() {
        std::mt19937 random(4);
        const Twin a = Twin::random(pair_, random, {37, 65}, 3);
        const Twin b = Twin::random(pair_, random, {37, 65}, 3);
        Twin y = Twin::unwritten(pair_, {37, 65});
        const auto check = [&] {
            return difference(y.fromCard(*pair_.card), y.fromCpu(), 65, kTolerance);
        };
        pair_.cpu->geluMultiply(a.cpu, b.cpu, y.cpu);
        pair_.card->geluMultiply(a.card, b.card, y.card);
        QCOMPARE(check(), QString());
        pair_.cpu->scaledSum(a.cpu, b.cpu, 0.25F, y.cpu);
        pair_.card->scaledSum(a.card, b.card, 0.25F, y.card);
        QCOMPARE(check(), QString());
        pair_.cpu->clamp(y.cpu, -0.5F, 0.25F);
        pair_.card->clamp(y.card, -0.5F, 0.25F);
        QCOMPARE(check(), QString());
        const Table bias(pair_, randomNumbers(random, 65), {65});
        pair_.cpu->addBias(y.cpu, bias.cpu);
        pair_.card->addBias(y.card, bias.card);
        QCOMPARE(check(), QString());
        const Table table(pair_, randomNumbers(random, std::int64_t{9} * 65), {9, 65});
        std::vector<std::int32_t> places(37);
        for (std::size_t i = 0; i < places.size(); ++i)
            places[i] = static_cast<std::int32_t>(i * 5 % 9);
        const Table indices(pair_, places, {37});
        pair_.cpu->addRows(y.cpu, table.cpu, indices.cpu);
        pair_.card->addRows(y.card, table.card, indices.card);
        QCOMPARE(check(), QString());
        const WeightTwin words = randomWeight(pair_, random, 9, 65);
        pair_.cpu->embed(words.cpu, indices.cpu, 8, y.cpu);
        pair_.card->embed(words.card, indices.card, 8, y.card);
        QCOMPARE(check(), QString());
    }
};

static const Registered<CudaNormTest> registered;

#include "norm_test.moc"
