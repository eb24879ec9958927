#pragma once

#include "cuda/coarse_head.h"

namespace lapidary::kernels::cuda {

/// The tokens among whom the best ones must be, by what an estimate says of them, and their exact
/// logits.
struct CandidateProblem {
    CoarseMatrix coarse;
    const Bf16* w = nullptr; ///< [vocabulary, columns]
    const Bf16* x = nullptr; ///< [rows, columns]
    float cap = 0;
    float* bounds = nullptr; ///< [rows, boundsOf(vocabulary)]
    float* logits = nullptr; ///< [rows, vocabulary]: estimates, then exact for the chosen ones
    int rows = 0;
    int wanted = 0; ///< the best so many are among the chosen, of tokens not banned
    const int32_t* banned = nullptr;
    int bannedCount = 0;         ///< chosen or not, their logits are −∞
    float* thresholds = nullptr; ///< [rows], scratch
    int32_t* chosen = nullptr;   ///< [rows, vocabulary], in no order
    int* chosenCounts = nullptr; ///< [rows]
    int multiprocessors = 0;
};
void chooseCandidates(const CandidateProblem& problem, cudaStream_t stream);

} // namespace lapidary::kernels::cuda
