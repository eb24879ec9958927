// Drawing the next token from the candidates of a row: a block a row.
//
// Mostly they are few and are sorted; of more than kMostCandidates the wanted ones are found first
// (rank_keys.cuh).
#include "cuda/rank_keys.cuh"
#include "cuda/sample.h"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = kRankThreads;

__global__ void __launch_bounds__(kThreads) adjustKernel(const __grid_constant__ AdjustProblem p) {
    float* const logits = p.logits + blockIdx.y * p.vocabulary;
    const int i = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
    if (i < p.seenCount) {
        float& logit = logits[p.tokens[i]];
        logit = logit > 0 ? logit / p.penalty : logit * p.penalty;
    } else if (i < p.seenCount + p.bannedCount) {
        logits[p.tokens[i]] = -INFINITY;
    }
}

// All keys from the threshold on, the largest first, or only how many they are where they are more
// than kMostCandidates.
__device__ int collect(const RankedTokens& ranked, uint64_t threshold, uint64_t* keys) {
    __shared__ int count;
    __syncthreads();
    if (threadIdx.x == 0)
        count = 0;
    keys[threadIdx.x] = 0;
    __syncthreads();
    eachKey(ranked, [&](uint64_t key) {
        if (key < threshold)
            return;
        const int place = atomicAdd(&count, 1);
        if (place < kMostCandidates)
            keys[place] = key;
    });
    __syncthreads();
    if (count > kMostCandidates)
        return count;
    // A key's place is how many are larger: no two are equal, so the order in which they arrived is
    // gone.
    const uint64_t own = keys[threadIdx.x];
    int place = 0;
    if (threadIdx.x < count)
#pragma unroll 8
        for (int i = 0; i < count; ++i)
            place += keys[i] > own ? 1 : 0;
    __syncthreads();
    if (threadIdx.x < count)
        keys[place] = own;
    __syncthreads();
    return count;
}

// See drawOf in cpu/operations/sample.cpp: both speak of the same numbers.
__device__ double drawOf(uint64_t seed, int64_t position) {
    const auto mix = [](uint64_t z) {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    };
    const uint64_t bits = mix(mix(seed + 0x9E3779B97F4A7C15U)
                              + static_cast<uint64_t>(position) * 0x9E3779B97F4A7C15U);
    return static_cast<double>(bits >> 11) * 0x1p-53;
}

// By the whole block, for thread 0, which alone adds up: sums of doubles are rare on GeForce cards.
__device__ int32_t draw(const Sampling& sampling, const uint64_t* keys, int count, double number) {
    __shared__ double weights[kMostCandidates];
    const double largest = logitOf(keys[0]);
    for (int i = threadIdx.x; i < count; i += kThreads)
        weights[i] = i == 0 ? 1.0
                            : exp((static_cast<double>(logitOf(keys[i])) - largest)
                                  / static_cast<double>(sampling.temperature));
    __syncthreads();
    if (threadIdx.x != 0)
        return 0;
    double total = 0;
#pragma unroll 8
    for (int i = 0; i < count; ++i)
        total += weights[i];
    const double wanted = static_cast<double>(sampling.topP) * total;
    int kept = 0;
    double keptWeight = 0;
    while (kept < count && weights[kept] > 0
           && (kept == 0 || sampling.topP >= 1 || keptWeight < wanted)
           && weights[kept] >= static_cast<double>(sampling.minP))
        keptWeight += weights[kept++];
    double rest = number * keptWeight;
    for (int i = 0; i + 1 < kept; ++i) {
        rest -= weights[i];
        if (rest < 0)
            return tokenOf(keys[i]);
    }
    return tokenOf(keys[max(kept, 1) - 1]);
}

__global__ void __launch_bounds__(kThreads) drawKernel(const __grid_constant__ DrawProblem p) {
    __shared__ uint64_t keys[kMostCandidates];
    const int64_t row = blockIdx.x;
    const RankedTokens ranked{p.logits + row * p.vocabulary, p.candidates + row * p.groups,
                              p.groups};
    uint64_t threshold = 0;
    int count = 0;
    while ((count = collect(ranked, threshold, keys)) > kMostCandidates)
        threshold = thresholdKey(ranked, p.wanted);
    const int32_t token = p.sampling.temperature <= 0
                              ? tokenOf(keys[0])
                              : draw(p.sampling, keys, min(count, p.wanted),
                                     drawOf(p.sampling.seed, p.firstPosition + row));
    if (threadIdx.x == 0)
        p.tokens[row] = token;
}

} // namespace

void adjust(const AdjustProblem& problem, cudaStream_t stream) {
    const int count = problem.seenCount + problem.bannedCount;
    const dim3 grid(blocksFor(count, kThreads), static_cast<unsigned>(problem.rows));
    if (count > 0)
        adjustKernel<<<grid, kThreads, 0, stream>>>(problem);
}

void draw(const DrawProblem& problem, cudaStream_t stream) {
    drawKernel<<<static_cast<unsigned>(problem.rows), kThreads, 0, stream>>>(problem);
}

} // namespace lapidary::kernels::cuda
