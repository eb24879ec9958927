// From the logits of all tokens to those of the few that may be the best.
//
// In the best n groups of 32 tokens, by what each group reaches, are n tokens that reach the n-th
// of these numbers. A token that cannot is none of the best n, and whoever can, few or all, is a
// candidate: which ones those are depends on nothing but the row.
//
// Of estimates a group has bounds instead: what it surely reaches, and what is possible. They are
// wide, so the best token of each of those n groups is computed from the bf16 head first. The least
// of these n logits is near what the n-th token has: by calculation, of 262,144 normal logits with
// bounds of half their spread, 450 are candidates for the best 64, where the bounds alone leave
// 2,050. Bans only make n larger, by as many as they are. Candidates are computed by whichever warp
// has their group.
#include "cuda/candidates.h"
#include "cuda/rank_keys.cuh"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;
constexpr int kGroup = 32; // tokens

/// Of the groups of a row.
struct GroupBounds {
    const float* reached;
    const float* possible;

    __device__ GroupBounds(const CandidateProblem& p, int64_t row) {
        if (p.estimated.w != nullptr) {
            const RowBounds bounds(p.estimated.bounds, p.vocabulary, row);
            reached = bounds.reached;
            possible = bounds.possible;
        } else {
            reached = possible = p.space.maxima + row * p.groups();
        }
    }
};

/// A number that no token below `least` reaches once both are capped, whatever tanh rounds: there
/// all logits of more than 8 caps are the same.
__device__ float beforeCap(float least, float cap) {
    if (cap <= 0)
        return least;
    const float capped = tanhf(least / cap);
    const float before = cap * atanhf(capped - fabsf(capped) * 0x1p-19F);
    return fminf(least, before) - fabsf(before) * 0x1p-18F;
}

// A warp a group, a lane a token.
__global__ void __launch_bounds__(kThreads)
    maximaKernel(const __grid_constant__ CandidateProblem p) {
    const int warps = static_cast<int>(gridDim.x) * kWarps;
    const int lane = threadIdx.x % 32;
    const int all = static_cast<int>(p.rows) * p.groups();
#pragma unroll 4
    for (int one = static_cast<int>(blockIdx.x) * kWarps + static_cast<int>(threadIdx.x) / 32;
         one < all; one += warps) {
        const int64_t token = int64_t(one % p.groups()) * kGroup + lane;
        const float logit =
            token < p.vocabulary ? p.logits[one / p.groups() * p.vocabulary + token] : -INFINITY;
        const uint32_t largest = __reduce_max_sync(~0U, orderedBits(logit));
        if (lane == 0)
            p.space.maxima[one] = fromOrderedBits(largest);
    }
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
    const int groups = p.groups();
    const int wanted = p.wanted + p.estimated.bannedCount;
    if (wanted > min(groups, kAll)) { // the whole block: all tokens are candidates
        if (threadIdx.x == 0) {
            p.space.reached[row] = INFINITY;
            p.space.least[row] = orderedBits(-INFINITY);
        }
        return;
    }
    const float* const reached = GroupBounds(p, row).reached;
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
    if (threadIdx.x == 0) {
        p.space.reached[row] = fromOrderedBits(prefix);
        p.space.least[row] = p.estimated.w != nullptr ? ~0U : prefix;
    }
}

/// Eight numbers, or zeros. Volatile, so that reads stay together in front of what uses them.
__device__ __forceinline__ uint4 readIf(bool there, const Bf16* from) {
    uint4 v;
    asm volatile("{ .reg .pred p; setp.ne.u32 p, %5, 0; mov.b32 %0, 0; mov.b32 %1, 0; "
                 "mov.b32 %2, 0; mov.b32 %3, 0; @p ld.global.nc.v4.u32 {%0,%1,%2,%3}, [%4]; }"
                 : "=&r"(v.x), "=&r"(v.y), "=&r"(v.z), "=&r"(v.w)
                 : "l"(from), "r"(static_cast<uint32_t>(there)));
    return v;
}

/// w·x by a warp, in the same order for every row and token.
__device__ float exactLogit(const Bf16* w, const Bf16* x, int columns) {
    constexpr int kAhead = 16; // of 256 columns; four took 14 % more for 16 rows on an H200
    float sums[2] = {};
#pragma unroll 1
    for (int begin = static_cast<int>(threadIdx.x) % 32 * 8; begin < columns;
         begin += kAhead * 32 * 8) {
        uint4 a[kAhead], b[kAhead];
#pragma unroll
        for (int i = 0; i < kAhead; ++i) {
            const int column = begin + i * 32 * 8;
            a[i] = readIf(column < columns, w + column);
            b[i] = readIf(column < columns, x + column);
        }
#pragma unroll
        for (int i = 0; i < kAhead; ++i) {
            const uint32_t ws[4] = {a[i].x, a[i].y, a[i].z, a[i].w};
            const uint32_t xs[4] = {b[i].x, b[i].y, b[i].z, b[i].w};
#pragma unroll
            for (int k = 0; k < 4; ++k) {
                sums[0] = fmaf(__uint_as_float(ws[k] << 16), __uint_as_float(xs[k] << 16), sums[0]);
                sums[1] = fmaf(__uint_as_float(ws[k] & 0xFFFF0000U),
                               __uint_as_float(xs[k] & 0xFFFF0000U), sums[1]);
            }
        }
    }
    return warpSum(sums[0] + sums[1]);
}

__device__ float exactLogit(const CandidateProblem& p, int row, int64_t token) {
    const EstimatedLogits& of = p.estimated;
    const int64_t columns = of.coarse.columns;
    return exactLogit(of.w + token * columns, of.x + row * columns, of.coarse.columns);
}

__device__ bool isBanned(const EstimatedLogits& of, int64_t token) {
    for (int i = 0; i < of.bannedCount; ++i)
        if (of.banned[i] == token)
            return true;
    return false;
}

/// Warps walk the groups of all rows, a lane one of those that are its warp's next 32, and act
/// together, `act(row, group)`, where `calls(row, group)`.
template <class Calls, class Act>
__device__ void eachGroup(const CandidateProblem& p, Calls calls, Act act) {
    const int warps = static_cast<int>(gridDim.x) * kWarps;
    const int groups = p.groups();
    const int all = groups * static_cast<int>(p.rows);
    const int first = static_cast<int>(blockIdx.x * kWarps + threadIdx.x / 32);
    for (int begin = first; begin < all; begin += 32 * warps) {
        const int mine = begin + static_cast<int>(threadIdx.x) % 32 * warps;
        const bool called = mine < all && calls(mine / groups, mine % groups);
        for (unsigned left = __ballot_sync(~0U, called); left != 0; left &= left - 1) {
            const int one = begin + (__ffs(static_cast<int>(left)) - 1) * warps;
            act(one / groups, one % groups);
        }
    }
}

/// Of estimates: the exact logit of the token that gives its group what it reaches.
__device__ void raiseByGroup(const CandidateProblem& p, int row, int group) {
    const int64_t token = int64_t(group) * kGroup + threadIdx.x % 32;
    float reached = -INFINITY;
    if (token < p.vocabulary) {
        const RowBounds bounds(p.estimated.bounds, p.vocabulary, row);
        reached = p.logits[row * p.vocabulary + token]
                  - errorOf(*bounds.input, p.estimated.coarse.rows[token]);
    }
    const uint32_t bits = orderedBits(reached);
    const unsigned best = __ballot_sync(~0U, bits == __reduce_max_sync(~0U, bits));
    const float logit =
        exactLogit(p, row, int64_t(group) * kGroup + __ffs(static_cast<int>(best)) - 1);
    if (threadIdx.x % 32 == 0)
        atomicMin(&p.space.least[row], orderedBits(logit));
}

__global__ void __launch_bounds__(kThreads)
    raiseKernel(const __grid_constant__ CandidateProblem p) {
    eachGroup(
        p,
        [&](int row, int group) {
            return !(GroupBounds(p, row).reached[group] < p.space.reached[row]);
        },
        [&](int row, int group) { raiseByGroup(p, row, group); });
}

/// A warp, a lane a token. Returns the candidates.
__device__ unsigned chooseInGroup(const CandidateProblem& p, int row, int group, float least) {
    const EstimatedLogits& of = p.estimated;
    const int lane = threadIdx.x % 32;
    const int64_t token = int64_t(group) * kGroup + lane;
    float* const logits = p.logits + row * p.vocabulary;
    bool chosen = false;
    if (token < p.vocabulary) {
        float error = 0;
        if (of.w != nullptr)
            error = errorOf(*RowBounds(of.bounds, p.vocabulary, row).input, of.coarse.rows[token]);
        chosen = !(logits[token] + error < least);
    }
    const unsigned all = __ballot_sync(~0U, chosen);
    if (of.w == nullptr)
        return all;
    float logit = 0;
    for (unsigned left = all; left != 0; left &= left - 1) {
        const int one = __ffs(static_cast<int>(left)) - 1;
        const float exact = exactLogit(p, row, int64_t(group) * kGroup + one);
        if (lane == one)
            logit = exact;
    }
    if (chosen) {
        if (of.cap > 0)
            logit = of.cap * tanhf(logit / of.cap);
        logits[token] = isBanned(of, token) ? -INFINITY : logit;
    }
    return all;
}

__global__ void __launch_bounds__(kThreads)
    chooseKernel(const __grid_constant__ CandidateProblem p) {
    const auto leastOf = [&](int row) {
        return beforeCap(fromOrderedBits(p.space.least[row]), p.estimated.cap);
    };
    eachGroup(
        p,
        [&](int row, int group) {
            const bool may = !(GroupBounds(p, row).possible[group] < leastOf(row));
            if (!may)
                p.space.words[int64_t(row) * p.groups() + group] = 0;
            return may;
        },
        [&](int row, int group) {
            const unsigned chosen = chooseInGroup(p, row, group, leastOf(row));
            if (threadIdx.x % 32 == 0)
                p.space.words[int64_t(row) * p.groups() + group] = chosen;
        });
}

} // namespace

CandidateSpace::CandidateSpace(void* scratch, std::int64_t rows, std::int64_t vocabulary) {
    const std::int64_t groups = (vocabulary + kGroup - 1) / kGroup;
    words = static_cast<std::uint32_t*>(scratch);
    maxima = reinterpret_cast<float*>(words + rows * groups);
    reached = maxima + rows * groups;
    least = reinterpret_cast<std::uint32_t*>(reached + rows);
}

void chooseCandidates(const CandidateProblem& problem, cudaStream_t stream) {
    // Four blocks a multiprocessor: enough reads on their way where all tokens are candidates.
    const auto blocks = static_cast<unsigned>(problem.multiprocessors * 4);
    const bool estimated = problem.estimated.w != nullptr;
    if (!estimated)
        maximaKernel<<<blocks, kThreads, 0, stream>>>(problem);
    thresholdKernel<<<static_cast<unsigned>(problem.rows), kRankThreads, 0, stream>>>(problem);
    if (estimated)
        raiseKernel<<<blocks, kThreads, 0, stream>>>(problem);
    chooseKernel<<<blocks, kThreads, 0, stream>>>(problem);
}

} // namespace lapidary::kernels::cuda
