// Drawing the next token: a block a row.
//
// The topK best are found without sorting the vocabulary (rank_keys.cuh).
#include "cuda/rank_keys.cuh"
#include "cuda/sample.h"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = kRankThreads;

__device__ void adjust(const SampleProblem& p, float* logits) {
    const float penalty = p.sampling.repetitionPenalty;
    if (penalty != 1.0F)
        for (int i = threadIdx.x; i < p.seenCount; i += kThreads) {
            float& logit = logits[p.seen[i]];
            logit = logit > 0 ? logit / penalty : logit * penalty;
        }
    __syncthreads();
    for (int i = threadIdx.x; i < p.bannedCount; i += kThreads)
        logits[p.banned[i]] = -INFINITY;
    __syncthreads();
}

// All keys from the threshold on, sorted, the largest first. Returns how many.
template <class Ranked>
__device__ int collect(const Ranked& ranked, uint64_t threshold, uint64_t* keys) {
    __shared__ int count;
    if (threadIdx.x == 0)
        count = 0;
    keys[threadIdx.x] = 0;
    __syncthreads();
    eachKey(ranked, [&](uint64_t key) {
        if (key >= threshold)
            keys[atomicAdd(&count, 1)] = key;
    });
    // Bitonic; the keys differ, so the order in which they arrived is gone.
#pragma unroll 1
    for (int size = 2; size <= kMostCandidates; size *= 2)
#pragma unroll 1
        for (int stride = size / 2; stride > 0; stride /= 2) {
            __syncthreads();
            const int i = threadIdx.x, mate = i ^ stride;
            if (mate > i && (keys[i] < keys[mate]) == ((i & size) == 0)) {
                const uint64_t swapped = keys[i];
                keys[i] = keys[mate];
                keys[mate] = swapped;
            }
        }
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

__device__ int32_t draw(const Sampling& sampling, const uint64_t* keys, int count, double number) {
    __shared__ double weights[kMostCandidates];
    const double largest = logitOf(keys[0]);
    for (int i = threadIdx.x; i < count; i += kThreads)
        weights[i] = i == 0 ? 1.0
                            : exp((static_cast<double>(logitOf(keys[i])) - largest)
                                  / static_cast<double>(sampling.temperature));
    __syncthreads();
    double total = 0;
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

/// The token of a row, the same in all threads.
template <class Ranked>
__device__ int32_t tokenOfRow(const SampleProblem& p, const Ranked& ranked) {
    __shared__ uint64_t keys[kMostCandidates];
    if (p.sampling.temperature <= 0)
        return tokenOf(largestKey(ranked));
    const int wanted = static_cast<int>(min(int64_t(p.sampling.topK), ranked.count));
    const int count = collect(ranked, thresholdKey(ranked, wanted), keys);
    return draw(p.sampling, keys, count, drawOf(p.sampling.seed, p.firstPosition + blockIdx.x));
}

__global__ void __launch_bounds__(kThreads) sampleKernel(const __grid_constant__ SampleProblem p) {
    float* const logits = p.logits + blockIdx.x * p.vocabulary;
    adjust(p, logits);
    const int32_t token = tokenOfRow(p, RankedRow{logits, p.vocabulary});
    if (threadIdx.x == 0)
        p.tokens[blockIdx.x] = token;
}

__global__ void __launch_bounds__(kThreads)
    sampleChosenKernel(const __grid_constant__ SampleProblem p) {
    const int64_t first = blockIdx.x * p.vocabulary;
    const int32_t token =
        tokenOfRow(p, RankedList{p.logits + first, p.chosen + first, p.chosenCounts[blockIdx.x]});
    if (threadIdx.x == 0)
        p.tokens[blockIdx.x] = token;
}

} // namespace

void sample(const SampleProblem& problem, cudaStream_t stream) {
    const auto kernel = problem.chosen != nullptr ? sampleChosenKernel : sampleKernel;
    kernel<<<static_cast<unsigned>(problem.rows), kThreads, 0, stream>>>(problem);
}

} // namespace lapidary::kernels::cuda
