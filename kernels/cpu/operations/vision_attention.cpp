#include "cpu/operations/attention_queries.h"
#include "cpu/operations/rotation.h"
#include "cpu/operations/rows.h"
#include "cpu/operations/vision.h"

#include <algorithm>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/operations/vision_attention.cpp"
#include <hwy/foreach_target.h>

#include "cpu/operations/attention-inl.h"
#include "cpu/operations/rotation-inl.h"

// All patches see all patches, so a block of keys serves very many queries: it is turned over once,
// [headDim][64 keys], and a score is one lane of a chain over headDim that needs no reduction.

HWY_BEFORE_NAMESPACE();
namespace lapidary::kernels::HWY_NAMESPACE {

/// Norms the head and turns its first half by the column and its second half by the row of a patch.
void rotateVisionHead(float* x, const float* weight, std::int64_t size, float epsilon,
                      const float* columnTurns, const float* rowTurns) {
    normHead(x, weight, size, epsilon, x);
    const std::int64_t pairs = size / 4;
    rotatePairs(x, pairs, columnTurns, columnTurns + pairs);
    rotatePairs(x + size / 2, pairs, rowTurns, rowTurns + pairs);
}

void normVisionHead(float* x, std::int64_t size, float epsilon) {
    normHead(x, nullptr, size, epsilon, x);
}

/// scores[q] [kBlockKeys] = q · keys.   keys [headDim, kBlockKeys]
template <int Queries>
HWY_INLINE void scoreBlock(const std::array<const float*, Queries>& q, const float* keys,
                           std::int64_t headDim, const std::array<float*, Queries>& scores) {
    constexpr int kVectors = 4;
    const auto lanes = static_cast<std::int64_t>(kLanes);
    for (std::int64_t key = 0; key < kBlockKeys; key += kVectors * lanes) {
        Floats sums[Queries][kVectors];
#pragma GCC unroll 8
        for (int i = 0; i < Queries; ++i) {
#pragma GCC unroll 8
            for (int n = 0; n < kVectors; ++n)
                sums[i][n] = hn::Zero(kFloats);
        }
        for (std::int64_t d = 0; d < headDim; ++d) {
            Floats k[kVectors];
#pragma GCC unroll 8
            for (int n = 0; n < kVectors; ++n)
                k[n] = load(keys + d * kBlockKeys + key + n * lanes);
#pragma GCC unroll 8
            for (int i = 0; i < Queries; ++i) {
                const Floats x = hn::Set(kFloats, q[static_cast<std::size_t>(i)][d]);
#pragma GCC unroll 8
                for (int n = 0; n < kVectors; ++n)
                    sums[i][n] = hn::MulAdd(x, k[n], sums[i][n]);
            }
        }
#pragma GCC unroll 8
        for (int i = 0; i < Queries; ++i) {
#pragma GCC unroll 8
            for (int n = 0; n < kVectors; ++n)
                hn::StoreU(sums[i][n], kFloats,
                           scores[static_cast<std::size_t>(i)] + key + n * lanes);
        }
    }
}

template <int Queries>
HWY_INLINE void attendPatches(const PatchQueries& all, std::int64_t first, std::int64_t block,
                              const float* keys, RunningSoftmax* softmaxes) {
    alignas(64) float scores[Queries][kBlockKeys];
    std::array<const float*, Queries> q;
    std::array<float*, Queries> weights;
    std::array<const float*, Queries> readWeights;
    std::array<float*, Queries> outs;
    for (std::size_t i = 0; i < Queries; ++i) {
        q[i] = all.q + (first + static_cast<std::int64_t>(i)) * all.stride;
        weights[i] = scores[i];
        readWeights[i] = scores[i];
        outs[i] = softmaxes[first + static_cast<std::int64_t>(i)].out;
    }
    scoreBlock<Queries>(q, keys, all.headDim, weights);
    const std::int64_t end = std::min(kBlockKeys, all.patches - block);
    for (std::size_t i = 0; i < Queries; ++i) {
        std::fill(scores[i] + end, scores[i] + kBlockKeys, kMinusInfinity);
        weighBlock(scores[i], all.headDim, softmaxes[first + static_cast<std::int64_t>(i)]);
    }
    addValues<Queries>(readWeights, outs, 0, end, all.headDim,
                       [&](std::int64_t key) { return all.v + (block + key) * all.stride; });
}

void attendVision(const PatchQueries& all) {
    std::vector<float> keys(static_cast<std::size_t>(all.headDim * kBlockKeys));
    std::vector<RunningSoftmax> softmaxes(static_cast<std::size_t>(all.queries));
    for (std::int64_t i = 0; i < all.queries; ++i) {
        float* const out = all.out + i * all.stride;
        std::fill(out, out + all.headDim, 0.0F);
        softmaxes[static_cast<std::size_t>(i)].out = out;
    }
    for (std::int64_t block = 0; block < all.patches; block += kBlockKeys) {
        const std::int64_t count = std::min(kBlockKeys, all.patches - block);
        for (std::int64_t key = 0; key < count; ++key)
            for (std::int64_t d = 0; d < all.headDim; ++d)
                keys[static_cast<std::size_t>(d * kBlockKeys + key)] =
                    all.k[(block + key) * all.stride + d];
        std::int64_t first = 0;
        for (; first + 4 <= all.queries; first += 4)
            attendPatches<4>(all, first, block, keys.data(), softmaxes.data());
        for (; first < all.queries; ++first)
            attendPatches<1>(all, first, block, keys.data(), softmaxes.data());
    }
    for (const RunningSoftmax& softmax : softmaxes)
        finish(softmax, all.headDim);
}

} // namespace lapidary::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace lapidary::kernels {

namespace {

HWY_EXPORT(rotateVisionHead);
HWY_EXPORT(normVisionHead);
HWY_EXPORT(attendVision);

// Queries for which a block of keys is turned over once: the turning costs less than a twentieth.
constexpr std::int64_t kQueriesTogether = 128;

void checkShapes(const VisionAttention& op) {
    LAPIDARY_ASSERT(op.q.rank == 3 && op.k.shape == op.q.shape && op.v.shape == op.q.shape);
    LAPIDARY_ASSERT(op.out.rank == 3 && op.out.shape == op.q.shape && op.q.shape[2] % 4 == 0);
    const std::int64_t headDim = op.q.shape[2];
    LAPIDARY_ASSERT(isVector(op.qNorm, headDim) && isVector(op.kNorm, headDim));
    LAPIDARY_ASSERT(isVector(op.frequencies, headDim / 4));
    LAPIDARY_ASSERT(op.columns.elements() == op.q.rows() && op.rows.elements() == op.q.rows());
}

/// Sines and then cosines of position · frequency.
void turnsOf(std::int64_t position, const Tensor& frequencies, float* turns) {
    const std::int64_t pairs = frequencies.elements();
    for (std::int64_t i = 0; i < pairs; ++i) {
        const SineCosine angle = turn(position, floats(frequencies)[i]);
        turns[i] = angle.sine;
        turns[pairs + i] = angle.cosine;
    }
}

void rotatePatches(CpuContext& context, const VisionAttention& op) {
    const std::int64_t headDim = op.q.shape[2];
    const std::int64_t heads = op.q.shape[1];
    const auto rotate = HWY_DYNAMIC_POINTER(rotateVisionHead);
    const auto norm = HWY_DYNAMIC_POINTER(normVisionHead);
    const auto rotateRange = [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> turns(static_cast<std::size_t>(headDim));
        float* const byColumn = turns.data();
        float* const byRow = byColumn + headDim / 2;
        for (std::int64_t p = begin; p < end; ++p) {
            turnsOf(integers(op.columns)[p], op.frequencies, byColumn);
            turnsOf(integers(op.rows)[p], op.frequencies, byRow);
            for (std::int64_t h = 0; h < heads; ++h) {
                const std::int64_t head = h * headDim;
                rotate(rowOf(op.q, p) + head, floats(op.qNorm), headDim, op.epsilon, byColumn,
                       byRow);
                rotate(rowOf(op.k, p) + head, floats(op.kNorm), headDim, op.epsilon, byColumn,
                       byRow);
                norm(rowOf(op.v, p) + head, headDim, op.epsilon);
            }
        }
    };
    context.pool.forRanges(op.q.rows(), context.pool.grainFor(op.q.rows(), 8 * heads * headDim),
                           rotateRange);
}

} // namespace

void visionAttention(CpuContext& context, const VisionAttention& op) {
    checkShapes(op);
    rotatePatches(context, op);
    const std::int64_t patches = op.q.rows();
    const std::int64_t headDim = op.q.shape[2];
    const std::int64_t tiles = (patches + kQueriesTogether - 1) / kQueriesTogether;
    const std::int64_t units = op.q.shape[1] * tiles;
    const auto attend = HWY_DYNAMIC_POINTER(attendVision);
    const auto attendUnits = [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t unit = begin; unit < end; ++unit) {
            const std::int64_t head = unit / tiles * headDim;
            const std::int64_t first = unit % tiles * kQueriesTogether;
            attend({.q = rowOf(op.q, first) + head,
                    .k = floats(op.k) + head,
                    .v = floats(op.v) + head,
                    .out = rowOf(op.out, first) + head,
                    .stride = op.q.rowSize(),
                    .headDim = headDim,
                    .queries = std::min(kQueriesTogether, patches - first),
                    .patches = patches});
        }
    };
    context.pool.forRanges(
        units, context.pool.grainFor(units, kQueriesTogether * patches * headDim / 4), attendUnits);
}

} // namespace lapidary::kernels

#endif // HWY_ONCE
