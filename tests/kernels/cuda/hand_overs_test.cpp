#include "cuda/hand_overs.h"
#include "registry.h"

#include <QTest>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

using namespace lapidary::kernels;
using namespace lapidary::kernels::cuda;

/// Which phases of a step are handed what they read: planned on the host, so no card is needed.
class CudaHandOversTest final : public QObject {
    Q_OBJECT

    static constexpr int kBlocks = 132;
    static constexpr int kWidest = 6144;
    static constexpr std::size_t kBytes = std::size_t{4} << 20;

    /// The phases of decoder layers, whose pointers only tell what is the same.
    struct Layers {
        ProductFormat format = ProductFormat::Fp8;
        int rows = 1;
        int width = 3840, hidden = 15360, heads = 16, headDim = 256;
        int outBlocks = kBlocks; ///< of the product that the merge is for

        std::vector<StepPhase> phases{};

        Bf16 residual = 0, sum = 0, normed = 0, q = 0, k = 0, v = 0, out = 0, gated = 0, up = 0;
        Bf16 cache = 0;
        float weight = 0, ofNormed = 0, ofOut = 0, ofGated = 0;

        void product(const Bf16* x, const float* largest, int pieces, int columns,
                     std::vector<SkinnySegment> segments, SkinnyOutput output,
                     int blocks = kBlocks) {
            SkinnyProduct p;
            p.format = format;
            p.segmentCount = static_cast<int>(segments.size());
            std::ranges::copy(segments, p.segments);
            p.x = x;
            p.largest = format == ProductFormat::Fp8 ? largest : nullptr;
            p.pieces = pieces;
            p.rows = rows;
            p.columns = columns;
            SkinnyLaunch launch = planSkinny(p, output, {.multiprocessors = blocks});
            launch.largest = output == SkinnyOutput::Gated ? &ofGated : nullptr;
            phases.emplace_back(launch);
        }
        void norm() {
            phases.emplace_back(
                AddNormedProblem{.residual = &residual,
                                 .x = &sum,
                                 .weight = &weight,
                                 .nextWeight = &weight,
                                 .normed = &normed,
                                 .largest = format == ProductFormat::Fp8 ? &ofNormed : nullptr,
                                 .rows = rows,
                                 .width = width},
                kBlocks);
        }
        void attention() {
            const int columns = heads * headDim;
            product(&normed, &ofNormed, 1, width,
                    {{.y = &q, .channels = columns},
                     {.y = &k, .channels = columns / 2},
                     {.y = &v, .channels = columns / 2}},
                    SkinnyOutput::Halves);
            AttentionPhase phase;
            phase.problem = {.q = &q,
                             .k = &cache,
                             .v = &cache,
                             .out = &out,
                             .largest = format == ProductFormat::Fp8 ? &ofOut : nullptr,
                             .capacity = 1056,
                             .window = 1024,
                             .rows = rows,
                             .heads = heads,
                             .kvHeads = heads / 2,
                             .headDim = headDim};
            phase.raw = {.k = &k, .v = &v, .qNorm = &weight, .kNorm = &weight};
            for (const StepPhase& part : attentionPhases(phase, kBlocks))
                phases.push_back(part);
            product(&out, &ofOut, heads, columns, {{.y = &sum, .channels = width}},
                    SkinnyOutput::Halves, outBlocks);
        }
        void feedForward() {
            product(&normed, &ofNormed, 1, width,
                    {{.y = &gated, .channels = hidden}, {.y = &up, .channels = hidden}},
                    SkinnyOutput::Gated);
            product(&gated, &ofGated, phases.back().blocks, hidden,
                    {{.y = &sum, .channels = width}}, SkinnyOutput::Halves);
        }
        void add(int layers) {
            for (int i = 0; i < layers; ++i) {
                attention();
                norm();
                feedForward();
                norm();
            }
        }
    };

    static HandOvers withMemory() {
        return HandOvers({.memory = std::make_shared<std::byte[]>(kBytes), .bytes = kBytes});
    }
    static std::vector<int> lags(const std::vector<StepPhase>& phases) {
        std::vector<int> lags;
        for (const StepPhase& phase : phases)
            lags.push_back(phase.lag);
        return lags;
    }

private slots:
    void aRowNeedsNoBarrier() {
        Layers layers;
        layers.add(2);
        HandOvers handOvers = withMemory();
        const HandOvers::Kept kept = handOvers.plan(layers.phases, kWidest);
        QCOMPARE(kept.residual, &layers.residual);
        QCOMPARE(kept.width, layers.width);
        // Of 16 phases three norms are parts of products; the last is alone and waits for all.
        QCOMPARE(lags(layers.phases), std::vector({0, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0}));
        QCOMPARE(layers.phases[4].product.norm.rows, 1);
        QCOMPARE(layers.phases[0].product.norm.rows, 0);
    }

    void whatIsHandedIsTaken() {
        Layers layers;
        layers.add(2);
        HandOvers handOvers = withMemory();
        (void)handOvers.plan(layers.phases, kWidest);
        const auto& phases = layers.phases;
        const SkinnyProduct& asked = phases[0].product.product;
        QCOMPARE(phases[1].attention.problem.q, asked.segments[0].handed);
        QCOMPARE(phases[1].attention.raw.k, asked.segments[1].handed);
        QCOMPARE(phases[1].attention.raw.v, asked.segments[2].handed);
        QCOMPARE(phases[2].attention.sums.out, phases[1].attention.sums.out);
        QCOMPARE(phases[3].product.product.x, phases[2].attention.handed.out);
        QCOMPARE(phases[3].product.product.largest, phases[2].attention.handed.largest);
        QCOMPARE(phases[4].product.norm.x, phases[3].product.product.segments[0].handed);
        QCOMPARE(phases[5].product.product.x, phases[4].product.product.segments[0].handed);
        QCOMPARE(phases[5].product.product.largest, phases[4].product.largest);
    }

    void memoryIsFreeBeforeItIsTakenAgain() {
        // The blocks that clear it are seen to have left kMostLag + 1 phases later, and as many
        // later all others have seen that.
        constexpr std::size_t kUntilFree = 2 * (kMostLag + 1) + 1;
        for (const int rows : {1, 2, 8, 16}) {
            Layers layers{.rows = rows};
            layers.add(48);
            HandOvers handOvers = withMemory();
            (void)handOvers.plan(layers.phases, kWidest);
            std::size_t again = 0;
            const auto& phases = layers.phases;
            for (std::size_t i = 0; i < phases.size(); ++i) {
                const HandOver& taken = phases[i].taken;
                QCOMPARE(taken.chunks > 0, phases[i].lag == kMostLag);
                for (std::size_t j = 0; j < i; ++j) {
                    const HandOver& before = phases[j].taken;
                    const bool shared = taken.memory < before.memory + before.chunks
                                        && before.memory < taken.memory + taken.chunks;
                    QVERIFY(!shared || i - j >= kUntilFree);
                    again += shared ? 1 : 0;
                }
            }
            QVERIFY(again > 0);
        }
    }

    void blocksThatSitOutANormDoNotKeepTheResidual() {
        Layers layers{.width = 1152}; // nine groups: fewer blocks than the product before
        layers.add(2);
        HandOvers handOvers = withMemory();
        const HandOvers::Kept kept = handOvers.plan(layers.phases, kWidest);
        for (const StepPhase& phase : layers.phases)
            if (phase.kind == StepPhase::Kind::Product && phase.product.norm.rows > 0)
                QCOMPARE(phase.blocks, kept.blocks);
    }

    void residualsThatDoNotFitAreNotKept() {
        Layers layers;
        layers.add(2);
        HandOvers handOvers = withMemory();
        const std::size_t before = layers.phases.size();
        QVERIFY(handOvers.plan(layers.phases, layers.width - 8).residual == nullptr);
        QCOMPARE(layers.phases.size(), before);
    }

    void aMergeThatRaisesNumbersTogetherWaits() {
        // What is not handed on leaves its largest where the attention before it clears them.
        for (const ProductFormat format : {ProductFormat::Plain, ProductFormat::Fp8}) {
            Layers layers{.format = format};
            layers.add(2);
            layers.phases[3].product.product.x = &layers.normed;
            HandOvers handOvers = withMemory();
            (void)handOvers.plan(layers.phases, kWidest);
            const StepPhase& merge = layers.phases[2];
            QVERIFY(merge.kind == StepPhase::Kind::MergeRuns);
            QVERIFY(merge.attention.handed.largest == nullptr);
            QCOMPARE(merge.lag, format == ProductFormat::Fp8 ? 0 : kMostLag);
        }
    }

    void theLastPhaseWaitsForAll() {
        Layers layers;
        layers.feedForward();
        layers.phases.back().lag = 1; // beside the one before
        HandOvers handOvers = withMemory();
        (void)handOvers.plan(layers.phases, kWidest);
        QCOMPARE(layers.phases.back().lag, 0);
    }

    void withoutMemoryAllWait() {
        Layers layers;
        layers.add(2);
        HandOvers handOvers;
        (void)handOvers.plan(layers.phases, 0);
        QCOMPARE(lags(layers.phases), std::vector<int>(layers.phases.size(), 0));
    }
};

static const Registered<CudaHandOversTest> registered;
#include "hand_overs_test.moc"
