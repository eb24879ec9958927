#pragma once

// The best of many logits without sorting them: what one block of kRankThreads finds.
//
// Every token has a key that orders by logit and then by lower id, so no two keys are equal; eight
// bits a pass, the highest first, a histogram tells which bin holds the key that is looked for.
// Passes end when all of a bin is wanted, which without ties is after three or four of the eight.
#include "cuda/device_math.cuh"

namespace lapidary::kernels::cuda {

inline constexpr int kRankThreads = 1024;

/// The tokens among whom is looked: all of a row …
struct RankedRow {
    const float* logits;
    int64_t count;
};
/// … or some.
struct RankedList {
    const float* logits;   ///< by token
    const int32_t* tokens; ///< [count], each once
    int64_t count;
};

/// Logits as integers of the same order; what is no number comes last.
__device__ inline uint32_t orderedBits(float logit) {
    if (isnan(logit))
        logit = -INFINITY;
    const uint32_t bits = __float_as_uint(logit == 0 ? 0.0F : logit);
    return bits & 0x80000000U ? ~bits : bits | 0x80000000U;
}
__device__ inline float fromOrderedBits(uint32_t ordered) {
    return __uint_as_float(ordered & 0x80000000U ? ordered & 0x7FFFFFFFU : ~ordered);
}

__device__ inline uint64_t rankKey(float logit, int64_t id) {
    return uint64_t(orderedBits(logit)) << 32 | (0xFFFFFFFFU - static_cast<uint32_t>(id));
}

__device__ inline float logitOf(uint64_t key) {
    return fromOrderedBits(static_cast<uint32_t>(key >> 32));
}

__device__ inline int32_t tokenOf(uint64_t key) {
    return static_cast<int32_t>(0xFFFFFFFFU - static_cast<uint32_t>(key));
}

/// Calls take(key) for the keys of all tokens that fall to a thread. One block reads a row: it
/// keeps many bytes on their way.
template <class Take>
__device__ void eachKey(const RankedRow& ranked, Take take) {
    constexpr int kAhead = 8;
    const bool aligned = reinterpret_cast<uintptr_t>(ranked.logits) % sizeof(float4) == 0;
    const int64_t vectors = aligned ? ranked.count / 4 : 0;
    const auto* const fours = reinterpret_cast<const float4*>(ranked.logits);
    for (int64_t begin = threadIdx.x; begin < vectors; begin += kAhead * kRankThreads) {
        float4 four[kAhead];
#pragma unroll
        for (int i = 0; i < kAhead; ++i)
            if (begin + i * kRankThreads < vectors)
                four[i] = fours[begin + i * kRankThreads];
#pragma unroll
        for (int i = 0; i < kAhead; ++i) {
            const int64_t id = (begin + i * kRankThreads) * 4;
            if (id >= vectors * 4)
                break;
            take(rankKey(four[i].x, id));
            take(rankKey(four[i].y, id + 1));
            take(rankKey(four[i].z, id + 2));
            take(rankKey(four[i].w, id + 3));
        }
    }
    for (int64_t id = vectors * 4 + threadIdx.x; id < ranked.count; id += kRankThreads)
        take(rankKey(ranked.logits[id], id));
}

template <class Take>
__device__ void eachKey(const RankedList& ranked, Take take) {
#pragma unroll 1
    for (int64_t i = threadIdx.x; i < ranked.count; i += kRankThreads)
        take(rankKey(ranked.logits[ranked.tokens[i]], ranked.tokens[i]));
}

/// The bin of a histogram that holds the `wanted`-th number from the top, which is there.
struct RankBin {
    int bin;
    int left; ///< so many of the bin are among the wanted
};
/// A whole warp; the same in all lanes.
__device__ inline RankBin binOf(const int (&histogram)[256], int wanted) {
    constexpr int kBins = 8; // of a lane, the first lane those at the top
    const int lane = threadIdx.x % 32;
    int through = 0; // of the lanes up to this one
#pragma unroll
    for (int i = 0; i < kBins; ++i)
        through += histogram[255 - lane * kBins - i];
    const int own = through;
#pragma unroll
    for (int offset = 1; offset < 32; offset *= 2) {
        const int before = __shfl_up_sync(~0U, through, offset);
        through += lane >= offset ? before : 0;
    }
    const int first = __ffs(static_cast<int>(__ballot_sync(~0U, through >= wanted))) - 1;
    RankBin found{255 - first * kBins, wanted - __shfl_sync(~0U, through - own, first)};
    while (histogram[found.bin] < found.left)
        found.left -= histogram[found.bin--];
    return found;
}

template <class Ranked>
__device__ uint64_t largestKey(const Ranked& ranked) {
    __shared__ uint64_t best[kRankThreads];
    uint64_t mine = 0;
    eachKey(ranked, [&](uint64_t key) { mine = max(mine, key); });
    best[threadIdx.x] = mine;
    for (int half = kRankThreads / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            best[threadIdx.x] = max(best[threadIdx.x], best[threadIdx.x + half]);
    }
    __syncthreads();
    return best[0];
}

/// The smallest of the `wanted` largest keys, which are there, or a key between it and the next.
template <class Ranked>
__device__ uint64_t thresholdKey(const Ranked& ranked, int wanted) {
    __shared__ int histogram[256];
    __shared__ uint64_t prefix;
    __shared__ int left;
    __shared__ bool done;
    if (threadIdx.x == 0) {
        prefix = 0;
        left = wanted;
        done = false;
    }
#pragma unroll 1
    for (int shift = 56; shift >= 0; shift -= 8) {
        if (threadIdx.x < 256)
            histogram[threadIdx.x] = 0;
        __syncthreads();
        const uint64_t above = shift == 56 ? 0 : prefix >> (shift + 8);
        eachKey(ranked, [&](uint64_t key) {
            if (shift == 56 || key >> (shift + 8) == above)
                atomicAdd(&histogram[key >> shift & 255], 1);
        });
        __syncthreads();
        if (threadIdx.x < 32) {
            const RankBin found = binOf(histogram, left);
            __syncwarp(); // all have read what is left
            if (threadIdx.x == 0) {
                prefix |= uint64_t(found.bin) << shift;
                left = found.left;
                done = histogram[found.bin] == found.left;
            }
        }
        __syncthreads();
        if (done)
            break;
    }
    return prefix;
}

} // namespace lapidary::kernels::cuda
