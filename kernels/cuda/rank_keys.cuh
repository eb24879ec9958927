#pragma once

// The best of many logits without sorting them: what one block of kRankThreads finds.
//
// Every token has a key that orders by logit and then by lower id, so no two keys are equal; eight
// bits a pass, the highest first, a histogram tells which bin holds the key that is looked for.
// Passes end when all of a bin is wanted, which without ties is after three or four of the eight.
#include "cuda/device_math.cuh"

namespace lapidary::kernels::cuda {

inline constexpr int kRankThreads = 1024;

/// The tokens of a row among whom is looked.
struct RankedTokens {
    const float* logits;   ///< by token
    const uint32_t* words; ///< [groups], a bit for each of 32 tokens
    int groups;
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
/// keeps many words on their way.
template <class Take>
__device__ void eachKey(const RankedTokens& ranked, Take take) {
    constexpr int kAhead = 8;
#pragma unroll 1
    for (int begin = threadIdx.x; begin < ranked.groups; begin += kAhead * kRankThreads) {
        uint32_t words[kAhead];
#pragma unroll
        for (int i = 0; i < kAhead; ++i) {
            const int group = begin + i * kRankThreads;
            words[i] = group < ranked.groups ? ranked.words[group] : 0;
        }
#pragma unroll
        for (int i = 0; i < kAhead; ++i)
            for (uint32_t left = words[i]; left != 0; left &= left - 1) {
                const int64_t id =
                    int64_t(begin + i * kRankThreads) * 32 + __ffs(static_cast<int>(left)) - 1;
                take(rankKey(ranked.logits[id], id));
            }
    }
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

/// The smallest of the `wanted` largest keys, which are there, or a key between it and the next.
__device__ inline uint64_t thresholdKey(const RankedTokens& ranked, int wanted) {
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
