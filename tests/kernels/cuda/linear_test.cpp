#include "card_test.h"
#include "registry.h"

#include <QTest>

#include <cstring>

using namespace lapidary::kernels;
using namespace lapidary::kernels::test;

/// Products on the card, against the processor and against themselves beside other rows.
class CudaLinearTest final : public CardTest {
    Q_OBJECT

private slots:
    void agrees_data() {
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("channels");
        QTest::addColumn<int>("columns");
        const int shapes[][2] = {{4096, 3840}, {3840, 8192}, {512, 3840}, {2816, 2112},
                                 {1536, 256},  {256, 1536},  {17, 33},    {16, 32},
                                 {1, 1},       {130, 1000},  {48, 6912}};
        for (const auto& shape : shapes)
            for (const int rows : {1, 2, 7, 8, 9, 16, 17, 40, 200})
                QTest::addRow("%d rows, %d x %d", rows, shape[0], shape[1])
                    << rows << shape[0] << shape[1];
    }
    void agrees() {
        QFETCH(int, rows);
        QFETCH(int, channels);
        QFETCH(int, columns);
        std::mt19937 random(7);
        const WeightTwin w = randomWeight(pair_, random, channels, columns);
        const Twin x = Twin::random(pair_, random, {rows, columns});
        Twin y = Twin::unwritten(pair_, {rows, channels});
        pair_.cpu->linear(w.cpu, x.cpu, y.cpu);
        pair_.card->linear(w.card, x.card, y.card);
        QCOMPARE(difference(y.fromCard(*pair_.card), y.fromCpu(), channels, kTolerance), QString());
    }

    void eightBitsAgree_data() { agrees_data(); }
    void eightBitsAgree() {
        QFETCH(int, rows);
        QFETCH(int, channels);
        QFETCH(int, columns);
        std::mt19937 random(7);
        const WeightTwin w = randomWeight(pair_, random, channels, columns, 1, WeightFormat::Fp8);
        const Twin x = Twin::random(pair_, random, {rows, columns}, 3);
        Twin y = Twin::unwritten(pair_, {rows, channels});
        pair_.cpu->linear(w.cpu, x.cpu, y.cpu);
        pair_.card->linear(w.card, x.card, y.card);
        QCOMPARE(difference(y.fromCard(*pair_.card), y.fromCpu(), channels, kTolerance), QString());
    }

    void projectionsTogetherAreTheSame() {
        std::mt19937 random(12);
        for (const WeightFormat format : {WeightFormat::BF16, WeightFormat::Fp8})
            for (const int rows : {1, 8, 16, 20}) {
                const WeightTwin q = randomWeight(pair_, random, 4096, 3840, 1, format);
                const WeightTwin k = randomWeight(pair_, random, 272, 3840, 1, format);
                const WeightTwin v = randomWeight(pair_, random, 40, 3840, 1, format);
                const Twin x = Twin::random(pair_, random, {rows, 3840});
                const Twin a = Twin::unwritten(pair_, {rows, 4096});
                const Twin b = Twin::unwritten(pair_, {rows, 272});
                const Twin c = Twin::unwritten(pair_, {rows, 40});
                const auto run = [&](Backend& backend, const Weight& wq, const Weight& wk,
                                     const Weight& wv, const Tensor& in, const Tensor& ya,
                                     const Tensor& yb, const Tensor& yc) {
                    const Projection together[] = {{wq, ya}, {wk, yb}, {wv, yc}};
                    backend.linear(together, in, {});
                };
                run(*pair_.cpu, q.cpu, k.cpu, v.cpu, x.cpu, a.cpu, b.cpu, c.cpu);
                run(*pair_.card, q.card, k.card, v.card, x.card, a.card, b.card, c.card);
                QCOMPARE(difference(a.fromCard(*pair_.card), a.fromCpu(), 4096, kTolerance),
                         QString());
                QCOMPARE(difference(b.fromCard(*pair_.card), b.fromCpu(), 272, kTolerance),
                         QString());
                QCOMPARE(difference(c.fromCard(*pair_.card), c.fromCpu(), 40, kTolerance),
                         QString());
            }
    }

    void aRowIsTheSameBesideOthers_data() {
        QTest::addColumn<WeightFormat>("format");
        QTest::addRow("bf16") << WeightFormat::BF16;
        QTest::addRow("e4m3") << WeightFormat::Fp8;
    }
    void aRowIsTheSameBesideOthers() {
        QFETCH(WeightFormat, format);
        std::mt19937 random(8);
        for (const int columns : {3840, 1000, 15360}) {
            const int channels = 272;
            const WeightTwin w = randomWeight(pair_, random, channels, columns, 1, format);
            const Twin x = Twin::random(pair_, random, {16, columns});
            Twin alone = Twin::unwritten(pair_, {16, channels});
            for (int r = 0; r < 16; ++r)
                pair_.card->linear(w.card, x.card.slice(r, 1), alone.card.slice(r, 1));
            const std::vector<float> expected = alone.fromCard(*pair_.card);
            for (int rows = 2; rows <= 16; ++rows)
                for (int begin = 0; begin + rows <= 16; ++begin) {
                    Twin y = Twin::unwritten(pair_, {rows, channels});
                    pair_.card->linear(w.card, x.card.slice(begin, rows), y.card);
                    const std::vector<float> got = y.fromCard(*pair_.card);
                    QVERIFY2(std::memcmp(got.data(), expected.data() + begin * channels,
                                         got.size() * sizeof(float))
                                 == 0,
                             qPrintable(QString::asprintf("%d rows from %d, %d columns", rows,
                                                          begin, columns)));
                }
        }
    }

    void logitsAreCapped() {
        std::mt19937 random(9);
        for (const int rows : {1, 5, 24}) {
            const WeightTwin w = randomWeight(pair_, random, 1000, 64);
            const Twin x = Twin::random(pair_, random, {rows, 64}, 20);
            const std::vector<float> none(static_cast<std::size_t>(rows) * 1000);
            const Table y(pair_, none, {rows, 1000});
            pair_.cpu->logits(w.cpu, x.cpu, 30, y.cpu);
            pair_.card->logits(w.card, x.card, 30, y.card);
            std::vector<float> got(none.size());
            pair_.card->download(y.card, std::as_writable_bytes(std::span(got)));
            QVERIFY(pair_.card->wait());
            const auto* oracle = static_cast<const float*>(y.cpu.data);
            QCOMPARE(difference(got, {oracle, oracle + got.size()}, 1000, 1e-4), QString());
        }
    }

    void gatedMlpAgrees_data() { aRowIsTheSameBesideOthers_data(); }
    void gatedMlpAgrees() {
        QFETCH(WeightFormat, format);
        std::mt19937 random(10);
        for (const int rows : {1, 3, 16, 33}) {
            const WeightTwin gate = randomWeight(pair_, random, 320, 128, 1, format);
            const WeightTwin up = randomWeight(pair_, random, 320, 128, 1, format);
            const WeightTwin down = randomWeight(pair_, random, 128, 320, 1, format);
            const Twin x = Twin::random(pair_, random, {rows, 128});
            const Twin y = Twin::unwritten(pair_, {rows, 128});
            const Twin scratch = Twin::unwritten(pair_, {2 * rows, 320});
            pair_.cpu->gatedMlp({.gate = gate.cpu,
                                 .up = up.cpu,
                                 .down = down.cpu,
                                 .x = x.cpu,
                                 .y = y.cpu,
                                 .scratch = scratch.cpu});
            pair_.card->gatedMlp({.gate = gate.card,
                                  .up = up.card,
                                  .down = down.card,
                                  .x = x.card,
                                  .y = y.card,
                                  .scratch = scratch.card});
            // The input of the last product is rounded to bf16 first, after which an e4m3 may be
            // its neighbour, a sixteenth away.
            const double tolerance = format == WeightFormat::Fp8 ? 0.06 : 0.03;
            QCOMPARE(difference(y.fromCard(*pair_.card), y.fromCpu(), 128, tolerance), QString());
        }
    }
};

static const Registered<CudaLinearTest> registered;

#include "linear_test.moc"
