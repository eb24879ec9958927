#include "card_test.h"
#include "registry.h"

#include <QTest>

#include <cmath>

using namespace lapidary::kernels;
using namespace lapidary::kernels::test;

/// The vision tower's own operations on the card.
class CudaVisionTest final : public CardTest {
    Q_OBJECT

private slots:
    void attentionAgrees_data() {
        QTest::addColumn<int>("columns");
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("heads");
        QTest::addColumn<int>("headDim");
        QTest::newRow("E") << 21 << 9 << 12 << 64;
        QTest::newRow("26B") << 12 << 30 << 16 << 72;
        QTest::newRow("one patch") << 1 << 1 << 2 << 8;
    }
    void attentionAgrees() {
        QFETCH(int, columns);
        QFETCH(int, rows);
        QFETCH(int, heads);
        QFETCH(int, headDim);
        const int patches = columns * rows;
        std::mt19937 random(21);
        const Twin q = Twin::random(pair_, random, {patches, heads, headDim});
        const Twin k = Twin::random(pair_, random, {patches, heads, headDim});
        const Twin v = Twin::random(pair_, random, {patches, heads, headDim});
        const Twin out = Twin::unwritten(pair_, {patches, heads, headDim});
        const Table qNorm(pair_, randomNumbers(random, headDim, 0.2F, 0.6F), {headDim});
        const Table kNorm(pair_, randomNumbers(random, headDim, 0.2F, 0.6F), {headDim});
        std::vector<float> turns(static_cast<std::size_t>(headDim) / 4);
        for (std::size_t i = 0; i < turns.size(); ++i)
            turns[i] = std::pow(100.0F, -static_cast<float>(i) / static_cast<float>(turns.size()));
        const Table frequencies(pair_, turns, {headDim / 4});
        std::vector<std::int32_t> xs;
        std::vector<std::int32_t> ys;
        for (int i = 0; i < patches; ++i) {
            xs.push_back(i % columns);
            ys.push_back(i / columns);
        }
        const Table x(pair_, xs, {patches});
        const Table y(pair_, ys, {patches});
        const auto op = [&](auto side) {
            return VisionAttention{.q = side(q),
                                   .k = side(k),
                                   .v = side(v),
                                   .qNorm = side(qNorm),
                                   .kNorm = side(kNorm),
                                   .columns = side(x),
                                   .rows = side(y),
                                   .frequencies = side(frequencies),
                                   .out = side(out)};
        };
        pair_.cpu->visionAttention(op([](const auto& t) { return t.cpu; }));
        pair_.card->visionAttention(op([](const auto& t) { return t.card; }));
        QCOMPARE(difference(out.fromCard(*pair_.card), out.fromCpu(), headDim, 0.03), QString());
    }

    void poolingAgrees() {
        std::mt19937 random(22);
        const Twin x = Twin::random(pair_, random, {12 * 9, 70}, 3);
        const Twin y = Twin::unwritten(pair_, {4 * 3, 70});
        const Table bias(pair_, randomNumbers(random, 70, 5), {70});
        const Table scale(pair_, randomNumbers(random, 70, 0.2F, 1), {70});
        pair_.cpu->poolPatches(x.cpu, 9, 3, 8.4F, bias.cpu, scale.cpu, y.cpu);
        pair_.card->poolPatches(x.card, 9, 3, 8.4F, bias.card, scale.card, y.card);
        QCOMPARE(difference(y.fromCard(*pair_.card), y.fromCpu(), 70, kTolerance), QString());
        pair_.cpu->poolPatches(x.cpu, 9, 3, 1, {}, {}, y.cpu);
        pair_.card->poolPatches(x.card, 9, 3, 1, {}, {}, y.card);
        QCOMPARE(difference(y.fromCard(*pair_.card), y.fromCpu(), 70, kTolerance), QString());
    }
};

static const Registered<CudaVisionTest> registered;

#include "vision_test.moc"
