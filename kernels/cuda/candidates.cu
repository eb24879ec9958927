// From estimates to exact logits.
//
// In the best n groups of tokens, by what each group surely reaches, are n tokens that reach the
// n-th of these numbers. A token that cannot is none of the best n; bans only make n larger, by as
// many as they are. Whoever can, few or all, is computed from the bf16 head, by whichever warp has
// its group: which ones those are depends on nothing but the row.
#include "cuda/candidates.h"
#include "cuda/rank_keys.cuh"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kGroup = 32; // tokens

/// A number that no token below `least` reaches once both are capped, whatever tanh rounds: there
/// all logits of more than 8 caps are the same.
__device__ float beforeCap(float least, float cap) {
    if (cap <= 0)
        return least;
    const float capped = tanhf(least / cap);
    const float before = cap * atanhf(capped - fabsf(capped) * 0x1p-19F);
    return fminf(least, before) - fabsf(before) * 0x1p-18F;
}

// A block a row. Where groups are more than the slots, the best of a slot stands for all of its
// groups: still so many different tokens. Twenty-four bits of a number are enough, and less than it
// is no harm.
__global__ void __launch_bounds__(kRankThreads)
    thresholdKernel(const __grid_constant__ CandidateProblem p) {
    constexpr int kSlots = 8; // of a thread: 262,144 tokens have 8192 groups
    constexpr int kAll = kSlots * kRankThreads;
    __shared__ int histogram[256];
    __shared__ RankBin found;
    const int row = static_cast<int>(blockIdx.x);
    const int groups = static_cast<int>(p.coarse.tiles());
    const int wanted = p.wanted + p.bannedCount;
    if (threadIdx.x == 0)
        p.chosenCounts[row] = 0;
    if (wanted > min(groups, kAll)) { // the whole block
        if (threadIdx.x == 0)
            p.thresholds[row] = -INFINITY;
        return;
    }
    const float* const reached = RowBounds(p.bounds, p.coarse.vocabulary, row).reached;
    uint32_t keys[kSlots]; // of what is there none is zero
#pragma unroll
    for (int i = 0; i < kSlots; ++i) {
        const int group = i * kRankThreads + static_cast<int>(threadIdx.x);
        keys[i] = group < groups ? orderedBits(reached[group]) : 0;
    }
    for (int i = 0, group = kAll + static_cast<int>(threadIdx.x); group < groups;
         group += kRankThreads, i = (i + 1) % kSlots)
#pragma unroll
        for (int slot = 0; slot < kSlots; ++slot)
            if (slot == i)
                keys[slot] = max(keys[slot], orderedBits(reached[group]));
    uint32_t prefix = 0;
    int left = wanted;
#pragma unroll 1
    for (int shift = 24; shift > 0; shift -= 8) {
        if (threadIdx.x < 256)
            histogram[threadIdx.x] = 0;
        __syncthreads();
#pragma unroll
        for (int i = 0; i < kSlots; ++i)
            if (keys[i] != 0 && (shift == 24 || keys[i] >> (shift + 8) == prefix >> (shift + 8)))
                atomicAdd(&histogram[keys[i] >> shift & 255], 1);
        __syncthreads();
        if (threadIdx.x < 32) {
            const RankBin bin = binOf(histogram, left);
            if (threadIdx.x == 0)
                found = bin;
        }
        __syncthreads();
        prefix |= uint32_t(found.bin) << shift;
        left = found.left;
    }
    if (threadIdx.x == 0)
        p.thresholds[row] = beforeCap(fromOrderedBits(prefix), p.cap);
}

/// w·x by a warp, in the same order for every row and token.
__device__ float exactLogit(const Bf16* w, const Bf16* x, int columns) {
    float sums[2] = {};
#pragma unroll 4
    for (int column = static_cast<int>(threadIdx.x) % 32 * 8; column < columns; column += 32 * 8) {
        const uint4 a = *reinterpret_cast<const uint4*>(w + column);
        const uint4 b = *reinterpret_cast<const uint4*>(x + column);
        const uint32_t ws[4] = {a.x, a.y, a.z, a.w}, xs[4] = {b.x, b.y, b.z, b.w};
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            sums[0] = fmaf(__uint_as_float(ws[i] << 16), __uint_as_float(xs[i] << 16), sums[0]);
            sums[1] = fmaf(__uint_as_float(ws[i] & 0xFFFF0000U),
                           __uint_as_float(xs[i] & 0xFFFF0000U), sums[1]);
        }
    }
    return warpSum(sums[0] + sums[1]);
}

__device__ bool isBanned(const CandidateProblem& p, int64_t token) {
    for (int i = 0; i < p.bannedCount; ++i)
        if (p.banned[i] == token)
            return true;
    return false;
}

/// A warp, a lane a token.
__device__ void chooseInGroup(const CandidateProblem& p, int row, int64_t group) {
    const int lane = threadIdx.x % 32;
    const int64_t token = group * kGroup + lane;
    const bool there = token < p.coarse.vocabulary;
    float* const logits = p.logits + row * p.coarse.vocabulary;
    bool chosen = false;
    if (there) {
        const RowBounds bounds(p.bounds, p.coarse.vocabulary, row);
        const float error = errorOf(*bounds.input, p.coarse.rows[token]);
        chosen = !(logits[token] + error < p.thresholds[row]);
    }
    const unsigned all = __ballot_sync(~0U, chosen);
    if (all == 0)
        return;
    int place = 0;
    if (lane == 0)
        place = atomicAdd(&p.chosenCounts[row], __popc(all));
    place = __shfl_sync(~0U, place, 0) + __popc(all & ((1U << lane) - 1));
    float logit = 0;
    for (unsigned left = all; left != 0; left &= left - 1) {
        const int of = __ffs(static_cast<int>(left)) - 1;
        const float exact = exactLogit(p.w + (group * kGroup + of) * p.coarse.columns,
                                       p.x + int64_t(row) * p.coarse.columns, p.coarse.columns);
        if (lane == of)
            logit = exact;
    }
    if (!chosen)
        return;
    if (p.cap > 0)
        logit = p.cap * tanhf(logit / p.cap);
    logits[token] = isBanned(p, token) ? -INFINITY : logit;
    p.chosen[row * p.coarse.vocabulary + place] = static_cast<int32_t>(token);
}

// Warps walk the groups of all rows, a lane one of those that are its warp's next 32.
__global__ void __launch_bounds__(kThreads)
    chooseKernel(const __grid_constant__ CandidateProblem p) {
    const int warps = static_cast<int>(gridDim.x) * (kThreads / 32);
    const int groups = static_cast<int>(p.coarse.tiles());
    const int all = groups * p.rows;
    const int first = static_cast<int>(blockIdx.x * (kThreads / 32) + threadIdx.x / 32);
    for (int begin = first; begin < all; begin += 32 * warps) {
        const int mine = begin + static_cast<int>(threadIdx.x) % 32 * warps;
        bool hit = false;
        if (mine < all) {
            const RowBounds bounds(p.bounds, p.coarse.vocabulary, mine / groups);
            hit = !(bounds.possible[mine % groups] < p.thresholds[mine / groups]);
        }
        for (unsigned hits = __ballot_sync(~0U, hit); hits != 0; hits &= hits - 1) {
            const int one = begin + (__ffs(static_cast<int>(hits)) - 1) * warps;
            chooseInGroup(p, one / groups, one % groups);
        }
    }
}

} // namespace

void chooseCandidates(const CandidateProblem& problem, cudaStream_t stream) {
    thresholdKernel<<<static_cast<unsigned>(problem.rows), kRankThreads, 0, stream>>>(problem);
    // Four blocks a multiprocessor: enough reads on their way where all tokens are candidates.
    chooseKernel<<<static_cast<unsigned>(problem.multiprocessors * 4), kThreads, 0, stream>>>(
        problem);
}

} // namespace lapidary::kernels::cuda
