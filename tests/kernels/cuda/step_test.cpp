#include "card_test.h"
#include "registry.h"

#include <QTest>

#include <array>
#include <cmath>
#include <cstring>

using namespace lapidary::kernels;
using namespace lapidary::kernels::test;

/// A step that is recorded becomes a launch of many operations, which must leave the bits that the
/// operations leave one by one: decoder layers, dense or with experts, with all that stands around
/// them.
class CudaStepTest final : public CardTest {
    Q_OBJECT

    static constexpr std::int64_t kHidden = 384, kWidth = 1008, kVocabulary = 1000;
    static constexpr int kExperts = 12, kChosen = 4, kExpertWidth = 96;
    static constexpr int kSteps = 4, kFirst = 61; // a window of 50 is behind
    static constexpr int kLayers = 3;             // more than share memory that is handed over

    struct Shape {
        int rows, heads, kvHeads, headDim, window;
        WeightFormat format;
        bool experts = false;
    };

    struct Layer {
        Layer(Pair& pair, const Shape& shape)
            : s(shape)
            , q(matrix(pair, s.heads * s.headDim, kHidden))
            , k(matrix(pair, s.kvHeads * s.headDim, kHidden))
            , v(matrix(pair, s.kvHeads * s.headDim, kHidden))
            , o(matrix(pair, kHidden, s.heads * s.headDim))
            , gate(matrix(pair, kWidth, kHidden))
            , up(matrix(pair, kWidth, kHidden))
            , down(matrix(pair, kHidden, kWidth))
            , router(randomWeight(pair, random, kExperts, kHidden))
            , expertsUp(matrix(pair, 2 * kExpertWidth, kHidden, kExperts))
            , expertsDown(matrix(pair, kHidden, kExpertWidth, kExperts))
            , head(randomWeight(pair, random, kVocabulary, kHidden))
            , norm(pair, randomNumbers(random, kHidden, 0.2F, 1), {kHidden})
            , headNorm(pair, randomNumbers(random, s.headDim, 0.2F, 1), {s.headDim})
            , frequencies(pair, randomNumbers(random, s.headDim / 2, 0.1F, 0.5F), {s.headDim / 2})
            , expertScale(pair, randomNumbers(random, kExperts, 0.2F, 1), {kExperts}) {}
        WeightTwin matrix(Pair& pair, std::int64_t rows, std::int64_t columns,
                          std::int64_t experts = 1) {
            return randomWeight(pair, random, rows, columns, experts, s.format);
        }

        std::mt19937 random{17};
        Shape s;
        WeightTwin q, k, v, o, gate, up, down, router, expertsUp, expertsDown, head;
        Table norm, headNorm, frequencies, expertScale;
    };

    static std::vector<float> zeros(std::int64_t count) {
        return std::vector<float>(static_cast<std::size_t>(count));
    }

    /// The logits of kSteps steps of the same rows at growing positions.
    ///   repeats  through Backend::repeat, which runs the first, records the second and repeats it
    std::vector<std::vector<float>> run(const Layer& layer, bool repeats) {
        Backend& card = *pair_.card;
        const Shape& s = layer.s;
        std::mt19937 random(5);
        const std::int64_t rows = s.rows;
        const Twin start = Twin::random(pair_, random, {rows, kHidden}, 2);
        const Twin x = Twin::unwritten(pair_, {rows, kHidden});
        const Twin normed = Twin::unwritten(pair_, {rows, kHidden});
        const Twin branch = Twin::unwritten(pair_, {rows, kHidden});
        const Twin sum = Twin::unwritten(pair_, {rows, kHidden});
        const Twin q = Twin::unwritten(pair_, {rows, s.heads, s.headDim});
        const Twin k = Twin::unwritten(pair_, {rows, s.kvHeads, s.headDim});
        const Twin v = Twin::unwritten(pair_, {rows, s.kvHeads, s.headDim});
        const Twin attended = Twin::unwritten(pair_, {rows, s.heads, s.headDim});
        const Twin mlp = Twin::unwritten(pair_, {2 * rows, kWidth});
        const Twin cacheK = Twin::random(pair_, random, {128, s.kvHeads, s.headDim});
        const Twin cacheV = Twin::random(pair_, random, {128, s.kvHeads, s.headDim});
        const Twin routing = Twin::unwritten(pair_, {rows, kHidden + kExperts});
        const Twin mixed = Twin::unwritten(pair_, {rows * kChosen, 3LL * kExpertWidth + kHidden});
        const Table chosen(pair_,
                           std::vector<std::int32_t>(static_cast<std::size_t>(rows * kChosen)),
                           {rows, kChosen});
        const Table weights(pair_, zeros(rows * kChosen), {rows, kChosen});
        const Table largest(pair_, zeros(rows), {rows});
        const Table largestOfHeads(pair_, zeros(rows * s.heads), {rows, s.heads});
        const Table logits(pair_, zeros(rows * kVocabulary), {rows, kVocabulary});
        const KvView cache{cacheK.card, cacheV.card};
        const auto flat = [&](const Tensor& heads) {
            return heads.as({rows, heads.elements() / rows});
        };
        std::vector<float> values = zeros(rows * kVocabulary);
        std::vector<std::vector<float>> results;
        std::unique_ptr<Backend::Recording> recording;
        for (int step = 0; step < kSteps; ++step) {
            const std::int64_t position = kFirst + step * rows;
            const auto addLayer = [&] {
                const std::array projections{Projection{layer.q.card, flat(q.card)},
                                             Projection{layer.k.card, flat(k.card)},
                                             Projection{layer.v.card, flat(v.card)}};
                card.linear(projections, normed.card, largest.card);
                card.rotateAndAttend({.q = q.card,
                                      .k = k.card,
                                      .v = v.card,
                                      .qNorm = layer.headNorm.card,
                                      .kNorm = layer.headNorm.card,
                                      .frequencies = layer.frequencies.card,
                                      .firstPosition = position,
                                      .cache = cache},
                                     {.q = q.card,
                                      .cache = cache,
                                      .firstPosition = position,
                                      .window = s.window,
                                      .runs = {},
                                      .out = attended.card,
                                      .largest = largestOfHeads.card});
                card.linear(layer.o.card, flat(attended.card), branch.card, largestOfHeads.card);
                AddNormed add{.residual = x.card,
                              .x = branch.card,
                              .weight = layer.norm.card,
                              .nextWeight = layer.norm.card,
                              .normed = normed.card,
                              .largest = largest.card};
                card.addNormed(add);
                const GatedMlp dense{.gate = layer.gate.card,
                                     .up = layer.up.card,
                                     .down = layer.down.card,
                                     .x = normed.card,
                                     .y = branch.card,
                                     .scratch = mlp.card,
                                     .largest = largest.card};
                add.scale = 0.7F;
                if (s.experts) {
                    card.mixedMlp({.dense = dense,
                                   .denseNorm = layer.norm.card,
                                   .route = {.x = x.card,
                                             .scale = layer.norm.card,
                                             .proj = layer.router.card,
                                             .perExpertScale = layer.expertScale.card,
                                             .scratch = routing.card,
                                             .chosen = chosen.card,
                                             .weights = weights.card},
                                   .expertsInNorm = layer.norm.card,
                                   .experts = {.gateUp = layer.expertsUp.card,
                                               .down = layer.expertsDown.card,
                                               .x = normed.card,
                                               .chosen = chosen.card,
                                               .weights = weights.card,
                                               .y = sum.card,
                                               .scratch = mixed.card},
                                   .expertsNorm = layer.norm.card,
                                   .sum = add});
                } else {
                    card.gatedMlp(dense);
                    card.addNormed(add);
                }
            };
            const auto operations = [&] {
                card.rmsNorm(start.card, {}, 1e-6F, x.card, {}); // a launch of its own
                card.rmsNorm(x.card, layer.norm.card, 1e-6F, normed.card, largest.card);
                for (int i = 0; i < kLayers; ++i)
                    addLayer();
                // A branch as that of per-layer inputs: the elements become the product's output.
                card.linear(layer.q.card, x.card, flat(q.card));
                card.geluMultiply(flat(q.card), flat(attended.card), flat(q.card));
                card.linear(layer.o.card, flat(q.card), branch.card);
                card.scaledSum(branch.card, normed.card, 1, normed.card);
                card.geluMultiply(normed.card, x.card, sum.card);
                card.logits(layer.head.card, sum.card, 30, logits.card);
            };
            if (repeats)
                card.repeat(recording, position, operations);
            else
                operations();
            card.download(logits.card, std::as_writable_bytes(std::span(values)));
            if (const auto done = card.wait(); !done)
                qWarning("%s", done.error().sentence.c_str());
            results.push_back(values);
        }
        return results;
    }

private slots:
    void recordedLikeAlone_data() {
        QTest::addColumn<Shape>("shape");
        for (const WeightFormat format : {WeightFormat::BF16, WeightFormat::Fp8})
            for (const int rows : {1, 2, 8, 9, 16}) {
                const char* const name = format == WeightFormat::Fp8 ? "FP8" : "bf16";
                QTest::addRow("%s, %d rows, small heads", name, rows)
                    << Shape{rows, 4, 2, 64, 50, format};
                QTest::addRow("%s, %d rows, sliding heads", name, rows)
                    << Shape{rows, 4, 2, 256, 50, format};
                QTest::addRow("%s, %d rows, full heads", name, rows)
                    << Shape{rows, 16, 1, 512, 0, format};
                QTest::addRow("%s, %d rows, experts", name, rows)
                    << Shape{rows, 4, 2, 64, 50, format, true};
            }
    }
    void recordedLikeAlone() {
        QFETCH(Shape, shape);
        const Layer layer(pair_, shape);
        const auto alone = run(layer, false);
        const auto recorded = run(layer, true);
        for (std::size_t step = 0; step < alone.size(); ++step) {
            QVERIFY(!std::isnan(alone[step].front()) && alone[step].front() != 0);
            QVERIFY2(std::memcmp(alone[step].data(), recorded[step].data(),
                                 alone[step].size() * sizeof(float))
                         == 0,
                     qPrintable(QString::number(step)));
        }
        QVERIFY(std::memcmp(alone[0].data(), alone[1].data(), alone[0].size() * sizeof(float))
                != 0); // positions matter
    }
};

static const Registered<CudaStepTest> registered;

#include "step_test.moc"
