#include "card_test.h"
#include "registry.h"

#include <QTest>

#include <cmath>
#include <cstring>

using namespace lapidary::kernels;
using namespace lapidary::kernels::test;

/// Routing and experts on the card, few rows and whole chunks, alone and beside a dense MLP.
class CudaExpertsTest final : public CardTest {
    Q_OBJECT

    enum class Format : std::uint8_t { Bf16, Fp8, Fp8Weights };
    struct Shape {
        int experts, topK, hidden, width;
        Format format = Format::Bf16;
    };

    /// A layer's weights, and the memory that its operations hand each other.
    struct Layer {
        Layer(Pair& pair, const Shape& shape)
            : s(shape)
            , proj(randomWeight(pair, random, s.experts, s.hidden))
            , gateUp(matrix(pair, 2 * s.width, s.hidden, s.experts))
            , down(matrix(pair, s.hidden, s.width, s.experts))
            , gate(matrix(pair, kDense, s.hidden))
            , up(matrix(pair, kDense, s.hidden))
            , denseDown(matrix(pair, s.hidden, kDense))
            , scale(pair, randomNumbers(random, s.hidden, 0.3F, 1), {s.hidden})
            , own(pair, randomNumbers(random, s.experts, 0.2F, 1), {s.experts})
            , norm(pair, randomNumbers(random, s.hidden, 0.2F, 1), {s.hidden}) {}

        WeightTwin matrix(Pair& pair, int rows, int columns, int experts = 1) {
            return s.format == Format::Fp8Weights
                       ? randomCodes(pair, random, rows, columns, experts)
                       : randomWeight(pair, random, rows, columns, experts,
                                      s.format == Format::Fp8 ? WeightFormat::Fp8
                                                              : WeightFormat::BF16);
        }

        static constexpr int kDense = 160;
        std::mt19937 random{5};
        Shape s;
        WeightTwin proj, gateUp, down, gate, up, denseDown;
        Table scale, own, norm;
    };
    struct Memory {
        Memory(Pair& pair, const Shape& s, int rows)
            : chosen(pair, std::vector<std::int32_t>(static_cast<std::size_t>(rows * s.topK)),
                     {rows, s.topK})
            , weights(pair, std::vector<float>(static_cast<std::size_t>(rows * s.topK)),
                      {rows, s.topK})
            , largest(pair, std::vector<float>(static_cast<std::size_t>(rows)), {rows})
            , routing(Twin::unwritten(pair, {rows, s.hidden + s.experts}))
            , scratch(Twin::unwritten(pair, {std::int64_t{rows} * s.topK, 3 * s.width + s.hidden}))
            , dense(Twin::unwritten(pair, {2 * rows, Layer::kDense}))
            , branch(Twin::unwritten(pair, {rows, s.hidden}))
            , normed(Twin::unwritten(pair, {rows, s.hidden}))
            , y(Twin::unwritten(pair, {rows, s.hidden})) {}

        Table chosen, weights, largest;
        Twin routing, scratch, dense, branch, normed, y;
    };

    template <class Side>
    static Route routeOf(const Layer& layer, const Tensor& x, const Memory& memory, Side side) {
        return {.x = x,
                .scale = side(layer.scale),
                .factor = 3, // spreads the probabilities, so that bf16 does not change an order
                .proj = side(layer.proj),
                .perExpertScale = side(layer.own),
                .scratch = side(memory.routing),
                .chosen = side(memory.chosen),
                .weights = side(memory.weights)};
    }
    template <class Side>
    static ExpertMlp expertsOf(const Layer& layer, const Tensor& x, const Memory& memory,
                               Side side) {
        return {.gateUp = side(layer.gateUp),
                .down = side(layer.down),
                .x = x,
                .chosen = side(memory.chosen),
                .weights = side(memory.weights),
                .y = side(memory.y),
                .scratch = side(memory.scratch)};
    }
    /// x becomes the residual of the next layer, memory.normed its norm.
    template <class Side>
    static void mix(Backend& backend, const Layer& layer, const Tensor& x, const Memory& memory,
                    Side side) {
        backend.rmsNorm(x, side(layer.norm), 1e-6F, side(memory.normed), side(memory.largest));
        backend.mixedMlp({.dense = {.gate = side(layer.gate),
                                    .up = side(layer.up),
                                    .down = side(layer.denseDown),
                                    .x = side(memory.normed),
                                    .y = side(memory.branch),
                                    .scratch = side(memory.dense),
                                    .largest = side(memory.largest)},
                          .denseNorm = side(layer.norm),
                          .route = routeOf(layer, x, memory, side),
                          .expertsInNorm = side(layer.scale),
                          .experts = expertsOf(layer, side(memory.normed), memory, side),
                          .expertsNorm = side(layer.norm),
                          .sum = {.residual = x,
                                  .x = side(memory.branch),
                                  .weight = side(layer.norm),
                                  .scale = 0.7F,
                                  .nextWeight = side(layer.norm),
                                  .normed = side(memory.normed),
                                  .largest = side(memory.largest)}});
    }
    static constexpr auto kOnCpu = [](const auto& twin) -> const auto& { return twin.cpu; };
    static constexpr auto kOnCard = [](const auto& twin) -> const auto& { return twin.card; };

    static void shapes() {
        QTest::addColumn<int>("rows");
        QTest::addColumn<Shape>("shape");
        struct Named {
            const char* name;
            Format format;
        };
        for (const auto& [name, format] : {Named{"bf16", Format::Bf16}, Named{"FP8", Format::Fp8},
                                           Named{"FP8 weights", Format::Fp8Weights}}) {
            for (const int rows : {1, 16})
                QTest::addRow("%s, %d rows, 26B-A4B of fewer experts", name, rows)
                    << rows << Shape{9, 8, 2816, 704, format};
            for (const int rows : {1, 4, 16, 17, 150}) {
                QTest::addRow("%s, %d rows, many experts", name, rows)
                    << rows << Shape{128, 8, 64, 32, format};
                QTest::addRow("%s, %d rows, broken pieces", name, rows)
                    << rows << Shape{7, 3, 208, 48, format};
                QTest::addRow("%s, %d rows, all experts", name, rows)
                    << rows << Shape{16, 16, 96, 80, format};
                QTest::addRow("%s, %d rows, one expert", name, rows)
                    << rows << Shape{3, 1, 1040, 16, format};
            }
        }
        for (const int rows : {1, 4, 16, 17, 150})
            QTest::addRow("%d rows, odd", rows) << rows << Shape{5, 2, 33, 17, Format::Bf16};
    }
    static double tolerance(const Shape& shape) {
        return shape.format == Format::Fp8 ? 0.06 : 0.03;
    }

private slots:
    void agree_data() { shapes(); }
    void agree() {
        QFETCH(int, rows);
        QFETCH(Shape, shape);
        Layer layer(pair_, shape);
        const Twin x = Twin::random(pair_, layer.random, {rows, shape.hidden});
        const Memory memory(pair_, shape, rows);
        pair_.cpu->route(routeOf(layer, x.cpu, memory, kOnCpu));
        pair_.card->route(routeOf(layer, x.card, memory, kOnCard));
        const auto* chosen = static_cast<const std::int32_t*>(memory.chosen.cpu.data);
        QCOMPARE(memory.chosen.integersFromCard(*pair_.card),
                 std::vector<std::int32_t>(chosen, chosen + rows * shape.topK));

        pair_.cpu->expertMlp(expertsOf(layer, x.cpu, memory, kOnCpu));
        pair_.card->expertMlp(expertsOf(layer, x.card, memory, kOnCard));
        QCOMPARE(difference(memory.y.fromCard(*pair_.card), memory.y.fromCpu(), shape.hidden,
                            tolerance(shape)),
                 QString());
    }

    void besideADenseMlp_data() { shapes(); }
    void besideADenseMlp() {
        QFETCH(int, rows);
        QFETCH(Shape, shape);
        Layer layer(pair_, shape);
        const Twin x = Twin::random(pair_, layer.random, {rows, shape.hidden}, 2);
        const Memory memory(pair_, shape, rows);
        mix(*pair_.cpu, layer, x.cpu, memory, kOnCpu);
        mix(*pair_.card, layer, x.card, memory, kOnCard);
        QCOMPARE(difference(x.fromCard(*pair_.card), x.fromCpu(), shape.hidden, tolerance(shape)),
                 QString());
        QCOMPARE(difference(memory.normed.fromCard(*pair_.card), memory.normed.fromCpu(),
                            shape.hidden, tolerance(shape)),
                 QString());
    }

    void aRowIsTheSameBesideOthers_data() {
        QTest::addColumn<Shape>("shape");
        QTest::addRow("bf16") << Shape{12, 4, 256, 96, Format::Bf16};
        QTest::addRow("FP8") << Shape{12, 4, 256, 96, Format::Fp8};
        QTest::addRow("FP8 weights") << Shape{12, 4, 256, 96, Format::Fp8Weights};
        QTest::addRow("FP8, wide") << Shape{9, 8, 2816, 704, Format::Fp8};
        QTest::addRow("FP8, ragged") << Shape{12, 4, 72, 40, Format::Fp8};
    }
    void aRowIsTheSameBesideOthers() {
        QFETCH(Shape, shape);
        const int hidden = shape.hidden;
        Layer layer(pair_, shape);
        const std::vector<float> numbers = randomNumbers(layer.random, 16 * hidden);
        const auto compute = [&](int begin, int rows, bool mixed) {
            const Twin x = Twin::of(
                pair_,
                {numbers.begin() + begin * hidden, numbers.begin() + (begin + rows) * hidden},
                {rows, hidden});
            const Memory memory(pair_, shape, rows);
            if (mixed) {
                mix(*pair_.card, layer, x.card, memory, kOnCard);
                return memory.normed.fromCard(*pair_.card);
            }
            pair_.card->route(routeOf(layer, x.card, memory, kOnCard));
            pair_.card->expertMlp(expertsOf(layer, x.card, memory, kOnCard));
            return memory.y.fromCard(*pair_.card);
        };
        for (const bool mixed : {false, true}) {
            const std::vector<float> all = compute(0, 16, mixed);
            for (int rows = 1; rows < 16; ++rows) {
                const std::vector<float> some = compute(16 - rows, rows, mixed);
                QVERIFY2(std::memcmp(some.data(), all.data() + (16 - rows) * hidden,
                                     some.size() * sizeof(float))
                             == 0,
                         qPrintable(QString::number(rows)));
            }
        }
    }
};

static const Registered<CudaExpertsTest> registered;

#include "experts_test.moc"
