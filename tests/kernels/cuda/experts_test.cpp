#include "card_test.h"
#include "registry.h"

#include <QTest>

#include <cmath>
#include <cstring>

using namespace lapidary::kernels;
using namespace lapidary::kernels::test;

/// Routing and experts on the card, few rows and whole chunks.
class CudaExpertsTest final : public CardTest {
    Q_OBJECT

private slots:
    void agree_data() {
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("experts");
        QTest::addColumn<int>("topK");
        QTest::addColumn<int>("hidden");
        QTest::addColumn<int>("width");
        for (const int rows : {1, 4, 16, 17, 150}) {
            QTest::addRow("%d rows, 26B-A4B of fewer experts", rows)
                << rows << 16 << 8 << 2816 << 704;
            QTest::addRow("%d rows, many experts", rows) << rows << 128 << 8 << 64 << 32;
            QTest::addRow("%d rows, odd", rows) << rows << 5 << 2 << 33 << 17;
        }
    }
    void agree() {
        QFETCH(int, rows);
        QFETCH(int, experts);
        QFETCH(int, topK);
        QFETCH(int, hidden);
        QFETCH(int, width);
        std::mt19937 random(5);
        const Layer layer(pair_, random, experts, hidden, width);
        const Twin x = Twin::random(pair_, random, {rows, hidden});
        const Answer answer(pair_, rows, topK, hidden);
        route(*pair_.cpu, layer, x, answer, topK, [](const auto& t) { return t.cpu; });
        route(*pair_.card, layer, x, answer, topK, [](const auto& t) { return t.card; });
        const auto* chosen = static_cast<const std::int32_t*>(answer.chosen.cpu.data);
        QCOMPARE(answer.chosen.integersFromCard(*pair_.card),
                 std::vector<std::int32_t>(chosen, chosen + rows * topK));

        const Twin scratch =
            Twin::unwritten(pair_, {std::int64_t{rows} * topK, 3 * width + hidden});
        pair_.cpu->expertMlp({layer.gateUp.cpu, layer.down.cpu, x.cpu, answer.chosen.cpu,
                              answer.weights.cpu, answer.y.cpu, scratch.cpu});
        pair_.card->expertMlp({layer.gateUp.card, layer.down.card, x.card, answer.chosen.card,
                               answer.weights.card, answer.y.card, scratch.card});
        QCOMPARE(difference(answer.y.fromCard(*pair_.card), answer.y.fromCpu(), hidden, 0.03),
                 QString());
    }

    void aRowIsTheSameBesideOthers() {
        const int hidden = 256;
        const int topK = 4;
        std::mt19937 random(6);
        const Layer layer(pair_, random, 12, hidden, 96);
        const Twin x = Twin::random(pair_, random, {16, hidden});
        const auto compute = [&](int begin, int rows) {
            const Answer answer(pair_, rows, topK, hidden);
            const Twin scratch =
                Twin::unwritten(pair_, {std::int64_t{rows} * topK, 3 * 96 + hidden});
            Twin part = x;
            part.card = x.card.slice(begin, rows);
            route(*pair_.card, layer, part, answer, topK, [](const auto& t) { return t.card; });
            pair_.card->expertMlp({layer.gateUp.card, layer.down.card, part.card,
                                   answer.chosen.card, answer.weights.card, answer.y.card,
                                   scratch.card});
            return answer.y.fromCard(*pair_.card);
        };
        const std::vector<float> all = compute(0, 16);
        for (int rows = 1; rows < 16; ++rows) {
            const std::vector<float> some = compute(16 - rows, rows);
            QVERIFY(std::memcmp(some.data(), all.data() + (16 - rows) * hidden,
                                some.size() * sizeof(float))
                    == 0);
        }
    }

private:
    struct Layer {
        WeightTwin proj, gateUp, down;
        Table scale, own;
        int experts, hidden;
        Layer(Pair& pair, std::mt19937& random, int count, int hiddenSize, int width)
            : proj(randomWeight(pair, random, count, hiddenSize))
            , gateUp(randomWeight(pair, random, 2 * width, hiddenSize, count))
            , down(randomWeight(pair, random, hiddenSize, width, count))
            , scale(pair, randomNumbers(random, hiddenSize, 0.3F, 1), {hiddenSize})
            , own(pair, randomNumbers(random, count, 0.2F, 1), {count})
            , experts(count)
            , hidden(hiddenSize) {}
    };
    struct Answer {
        Table chosen, weights;
        Twin y;
        Answer(Pair& pair, int rows, int topK, int hidden)
            : chosen(pair, std::vector<std::int32_t>(static_cast<std::size_t>(rows * topK)),
                     {rows, topK})
            , weights(pair, std::vector<float>(static_cast<std::size_t>(rows * topK)), {rows, topK})
            , y(Twin::unwritten(pair, {rows, hidden})) {}
    };

    template <class Side>
    void route(Backend& backend, const Layer& layer, const Twin& x, const Answer& answer, int,
               Side side) {
        const Twin scratch = Twin::unwritten(pair_, {side(x).rows(), layer.hidden + layer.experts});
        backend.route(
            {.x = side(x),
             .scale = side(layer.scale),
             .factor = 3, // spreads the probabilities, so that bf16 does not change an order
             .proj = side(layer.proj),
             .perExpertScale = side(layer.own),
             .scratch = side(scratch),
             .chosen = side(answer.chosen),
             .weights = side(answer.weights)});
    }
};

static const Registered<CudaExpertsTest> registered;

#include "experts_test.moc"
