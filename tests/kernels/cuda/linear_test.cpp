#include "pair.h"
#include "registry.h"

#include <QTest>

#include <cstring>

using namespace lapidary::kernels;
using namespace lapidary::kernels::test;

/// Products on the card, against the processor and against themselves beside other rows.
class CudaLinearTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        pair_ = Pair::open();
        if (!pair_.here())
            QSKIP("this computer has no card that Lapidary can use");
    }

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

    void aRowIsTheSameBesideOthers() {
        std::mt19937 random(8);
        for (const int columns : {3840, 1000, 15360}) {
            const int channels = 272;
            const WeightTwin w = randomWeight(pair_, random, channels, columns);
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

    void gatedMlpAgrees() {
        std::mt19937 random(10);
        for (const int rows : {1, 3, 16, 33}) {
            const WeightTwin gate = randomWeight(pair_, random, 320, 128);
            const WeightTwin up = randomWeight(pair_, random, 320, 128);
            const WeightTwin down = randomWeight(pair_, random, 128, 320);
            const Twin x = Twin::random(pair_, random, {rows, 128});
            const Twin y = Twin::unwritten(pair_, {rows, 128});
            const Twin scratch = Twin::unwritten(pair_, {2 * rows, 320});
            pair_.cpu->gatedMlp({gate.cpu, up.cpu, down.cpu, x.cpu, y.cpu, scratch.cpu});
            pair_.card->gatedMlp({gate.card, up.card, down.card, x.card, y.card, scratch.card});
            QCOMPARE(difference(y.fromCard(*pair_.card), y.fromCpu(), 128, 0.03), QString());
        }
    }

private:
    Pair pair_;
};

static const Registered<CudaLinearTest> registered;

#include "linear_test.moc"
