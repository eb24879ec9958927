// One block of keys under the running softmax of one or more queries, for text and for image
// patches; see simd-inl.h for the guard.
#if defined(LAPIDARY_ATTENTION_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LAPIDARY_ATTENTION_INL
#undef LAPIDARY_ATTENTION_INL
#else
#define LAPIDARY_ATTENTION_INL
#endif

#include "cpu/operations/simd-inl.h"

#include <array>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace lapidary::kernels::HWY_NAMESPACE {

/// Keys that are weighed at once. Blocks lie at multiples of this in absolute positions.
constexpr std::int64_t kBlockKeys = 64;

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

/// softmax so far: out holds Σ exp(s − largest) v, total Σ exp(s − largest).
struct RunningSoftmax {
    float largest = kMinusInfinity;
    float total = 0;
    float* out = nullptr; ///< [headDim]
};

/// Turns the scores of a block (−∞ where the query does not see) into exp(s − largest) and brings
/// `total` and `out` to the new largest. At least one key is seen.
HWY_INLINE void weighBlock(float* scores, std::int64_t headDim, RunningSoftmax& softmax) {
    Floats largest = load(scores);
    for (auto i = static_cast<std::int64_t>(kLanes); i < kBlockKeys;
         i += static_cast<std::int64_t>(kLanes))
        largest = hn::Max(largest, load(scores + i));
    const Floats now = hn::Max(hn::Set(kFloats, hn::ReduceMax(kFloats, largest)),
                               hn::Set(kFloats, softmax.largest));
    const Floats shrink = hn::Exp(kFloats, hn::Sub(hn::Set(kFloats, softmax.largest), now));
    Floats sum = hn::Zero(kFloats);
    for (std::int64_t i = 0; i < kBlockKeys; i += static_cast<std::int64_t>(kLanes)) {
        const Floats weight = hn::Exp(kFloats, hn::Sub(load(scores + i), now));
        hn::StoreU(weight, kFloats, scores + i);
        sum = hn::Add(sum, weight);
    }
    const float factor = hn::GetLane(shrink);
    softmax.largest = hn::GetLane(now);
    softmax.total = softmax.total * factor + hn::ReduceSum(kFloats, sum);
    forVectors(headDim, [&](std::int64_t i, auto read, auto write) HWY_ATTR {
        write(hn::Mul(read(softmax.out + i), shrink), softmax.out + i);
    });
}

/// out[q] += Σ over keys [begin, end) of the block of weights[q][key] · values(key), key after key.
///   weights[q] [kBlockKeys]; values(key) [headDim]
template <int Queries, class Values>
HWY_INLINE void addValues(const std::array<const float*, Queries>& weights,
                          const std::array<float*, Queries>& outs, std::int64_t begin,
                          std::int64_t end, std::int64_t headDim, const Values& values) {
    constexpr int kVectors = 4;
    const auto lanes = static_cast<std::int64_t>(kLanes);
    std::int64_t i = 0;
    for (; i + kVectors * lanes <= headDim; i += kVectors * lanes) {
        Floats sums[Queries][kVectors];
#pragma GCC unroll 8
        for (int q = 0; q < Queries; ++q) {
#pragma GCC unroll 8
            for (int n = 0; n < kVectors; ++n)
                sums[q][n] = load(outs[static_cast<std::size_t>(q)] + i + n * lanes);
        }
        for (std::int64_t key = begin; key < end; ++key) {
            const auto* const from = values(key) + i;
            Floats v[kVectors];
#pragma GCC unroll 8
            for (int n = 0; n < kVectors; ++n)
                v[n] = load(from + n * lanes);
#pragma GCC unroll 8
            for (int q = 0; q < Queries; ++q) {
                const Floats weight = hn::Set(kFloats, weights[static_cast<std::size_t>(q)][key]);
#pragma GCC unroll 8
                for (int n = 0; n < kVectors; ++n)
                    sums[q][n] = hn::MulAdd(weight, v[n], sums[q][n]);
            }
        }
#pragma GCC unroll 8
        for (int q = 0; q < Queries; ++q) {
#pragma GCC unroll 8
            for (int n = 0; n < kVectors; ++n)
                hn::StoreU(sums[q][n], kFloats, outs[static_cast<std::size_t>(q)] + i + n * lanes);
        }
    }
    forVectors(headDim - i, [&](std::int64_t rest, auto read, auto write) HWY_ATTR {
        for (std::size_t q = 0; q < Queries; ++q) {
            Floats sum = read(outs[q] + i + rest);
            for (std::int64_t key = begin; key < end; ++key)
                sum = hn::MulAdd(hn::Set(kFloats, weights[q][key]), read(values(key) + i + rest),
                                 sum);
            write(sum, outs[q] + i + rest);
        }
    });
}

/// out /= total.
HWY_INLINE void finish(const RunningSoftmax& softmax, std::int64_t headDim) {
    const Floats factor = hn::Div(hn::Set(kFloats, 1.0F), hn::Set(kFloats, softmax.total));
    forVectors(headDim, [&](std::int64_t i, auto read, auto write) HWY_ATTR {
        write(hn::Mul(read(softmax.out + i), factor), softmax.out + i);
    });
}

} // namespace lapidary::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // LAPIDARY_ATTENTION_INL
