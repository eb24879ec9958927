#pragma once

// The experts of a row: the topK largest of its logits, ties to the lower index, and their weights.
// Every block that needs them finds them: an expert's rank is how many others come before it.
#include "cuda/expert_phase.h"
#include "cuda/step_barrier.cuh"

namespace lapidary::kernels::cuda {

inline constexpr int kMostPairs = 16 * kMostPhaseChosen; ///< of a row and an expert
static_assert(kMostPairs <= kWorkers);

/// What pairs were chosen.
struct ExpertChoice {
    float weights[kMostPairs];
    uint16_t experts[kMostPairs];
};

/// Numbers as positive ones of the same order, in which every NaN has its place.
__device__ __forceinline__ unsigned orderOf(float x) {
    const unsigned bits = __float_as_uint(x + 0.0F); // −0 is 0
    return max(bits ^ (static_cast<int>(bits) < 0 ? ~0U : 0x80000000U), 1U);
}

/// How many of four numbers from `first` on come before number `index`: are larger, or as large
/// with a lower index.
__device__ __forceinline__ int countBefore(const uint4& four, int first, unsigned own, int index) {
    const unsigned others[4] = {four.x, four.y, four.z, four.w};
    int count = 0;
#pragma unroll
    for (int i = 0; i < 4; ++i)
        count += others[i] > own - (first + i < index ? 1U : 0U) ? 1 : 0;
    return count;
}

/// The choice of the rows [begin, end), the first pair of `begin` at 0; all workers, who find it
/// there afterwards.
///   orders  [kMostExperts]
inline __device__ __noinline__ void chooseExperts(const ExpertPhase& phase, int begin, int end,
                                                  ExpertChoice& choice, uint4* orders) {
    const ExpertProblem& p = phase.problem;
    const int thread = static_cast<int>(threadIdx.x);
    const int pairs = (end - begin) * p.topK;
    if (phase.logits == nullptr) {
        if (thread < pairs) {
            choice.experts[thread] = static_cast<uint16_t>(p.chosen[begin * p.topK + thread]);
            choice.weights[thread] = p.weights[begin * p.topK + thread];
        }
        workerSync();
        return;
    }
    const int padded = (p.experts + 7) / 8 * 8;
#pragma unroll 1
    for (int row = begin; row < end; ++row) {
        const float* const logits = phase.logits + row * p.experts;
        auto* const order = reinterpret_cast<unsigned*>(orders);
        for (int e = thread; e < padded; e += kWorkers)
            order[e] = e < p.experts ? orderOf(logits[e]) : 0;
        workerSync();
        // Two lanes an expert.
#pragma unroll 1
        for (int e = thread / 2; e < (padded + 15) / 16 * 16; e += kWorkers / 2) {
            const unsigned own = e < p.experts ? order[e] : ~0U;
            int rank = 0;
#pragma unroll 2
            for (int at = thread % 2; at < padded / 4; at += 2)
                rank += countBefore(orders[at], at * 4, own, e);
            rank += __shfl_xor_sync(~0U, rank, 1);
            if (e < p.experts && rank < p.topK && thread % 2 == 0) {
                const int pair = (row - begin) * p.topK + rank;
                choice.experts[pair] = static_cast<uint16_t>(e);
                choice.weights[pair] = logits[e];
            }
        }
        workerSync();
    }
    // The softmax over all experts cancels in the renormalisation.
    float weight = 0;
    if (thread < pairs) {
        const float* const logits = choice.weights + thread / p.topK * p.topK;
        float sum = 0;
        for (int k = 0; k < p.topK; ++k)
            sum += expf(logits[k] - logits[0]);
        weight = expf(choice.weights[thread] - logits[0])
                 * phase.perExpertScale[choice.experts[thread]] / sum;
    }
    workerSync();
    if (thread < pairs)
        choice.weights[thread] = weight;
    workerSync();
}

} // namespace lapidary::kernels::cuda
