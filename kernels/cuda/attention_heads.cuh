#pragma once

// The way of a head into the shared memory of a run of keys, and of the rows that are being decoded
// into the cache.
#include "cuda/attention.h"
#include "cuda/head_rotation.cuh"

namespace lapidary::kernels::cuda {

/// A head in shared memory, [kDim]: numbers four at a time, and zeros beyond the first `count`.
///   key    its row there, for the places of its pieces
///   panel  elements from 64 columns to the next
struct HeadPlace {
    Bf16* shared;
    int key;
    int panel = 64;

    __device__ void put(int i, uint2 bits) const {
        const int piece = i / 8;
        *reinterpret_cast<uint2*>(shared + piece / 8 * panel + ((piece ^ key) & 7) * 8 + i % 8) =
            bits;
    }
    template <int kDim>
    __device__ void clearFrom(int count) const {
#pragma unroll 1
        for (int i = count + static_cast<int>(threadIdx.x % 32) * 4; i < kDim; i += 128)
            put(i, {0, 0});
    }
};

/// K or V of a row of this step on its way into shared memory and the cache, by one warp.
struct FreshHead {
    const Bf16* x = nullptr;
    int half = 0;                       ///< of the columns
    const float* weight = nullptr;      ///< of the norm, and then rotated; null: only normed
    const float* frequencies = nullptr; ///< [half]
    float epsilon = 0, position = 0;
    Bf16* stored = nullptr; ///< [2 · half] in the cache, or null
    bool handed = false;    ///< whether x is handed over (hand_over.cuh)
};

/// Row of [rows · heads] where packed query `at` of a K/V head is.
__device__ __forceinline__ int64_t queryRow(const AttentionProblem& p, int head, int at) {
    const int group = p.group();
    return int64_t(at / group) * p.heads + head * group + at % group;
}

// A call: it stands in the kernel once and runs a few times a launch.
template <int kDim>
__device__ __noinline__ void prepareHead(const FreshHead& head, HeadPlace place) {
    HeadPairs<kDim / 64> pairs;
    HeadWeights<kDim / 64> weights;
    if (head.weight != nullptr)
        weights.load(head.weight, head.frequencies, head.half);
    const HeadTurn<kDim / 64> turn(weights, head.position); // x may not be there yet
    pairs.load(head.x, head.half, head.handed);
    if (head.weight != nullptr) {
        pairs.normAndRotate(weights, turn, head.half, head.epsilon);
    } else {
        pairs.norm(head.half, head.epsilon);
    }
    pairs.each(head.half, [&](int i, uint2 bits) {
        place.put(i, bits);
        if (head.stored != nullptr)
            *reinterpret_cast<uint2*>(head.stored + i) = bits;
    });
    place.clearFrom<kDim>(2 * head.half);
}

/// The queries of a K/V head from packed query `first` on, normed and rotated where there are
/// weights, into [kQueries, kDim] of shared memory; zeros beyond the last. Of the workers, a warp a
/// query; all that a warp needs is asked for before the first is used.
template <int kDim, int kQueries>
__device__ __forceinline__ void prepareQueries(const AttentionProblem& p, const RawRows& raw,
                                               const HeadWeights<kDim / 64>& weights, int head,
                                               int first, int position, Bf16* to) {
    constexpr int kOwn = kQueries / 8;
    constexpr int kPairs = kDim / 64;
    const int warp = static_cast<int>(threadIdx.x / 32);
    const int half = p.headDim / 2, group = p.group(), queries = p.queries();
    HeadPairs<kPairs> pairs[kOwn];
#pragma unroll
    for (int n = 0; n < kOwn; ++n) {
        const int at = first + warp + 8 * n;
        if (at < queries)
            pairs[n].look(p.q + queryRow(p, head, at) * p.headDim, half);
    }
#pragma unroll
    for (int n = 0; n < kOwn; ++n) {
        const int query = warp + 8 * n, at = first + query;
        const HeadPlace place{to + query * kDim, query};
        if (at < queries) {
            const HeadTurn<kPairs> turn(weights, static_cast<float>(position + at / group));
            pairs[n].await(p.q + queryRow(p, head, at) * p.headDim, half, raw.handed);
            if (raw.qNorm != nullptr)
                pairs[n].normAndRotate(weights, turn, half, raw.epsilon);
            pairs[n].each(half, [&](int i, uint2 bits) { place.put(i, bits); });
        }
        place.template clearFrom<kDim>(at < queries ? 2 * half : 0);
    }
}

} // namespace lapidary::kernels::cuda
