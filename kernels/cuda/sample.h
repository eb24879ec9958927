#pragma once

#include "cuda/launch.h"

namespace lapidary::kernels::cuda {

/// The most candidates that are drawn from on the card.
inline constexpr int kMostCandidates = 1024;

/// backend.h, Sample, for temperature 0 or topK of 1 … kMostCandidates.
struct SampleProblem {
    float* logits; ///< [rows, vocabulary]
    int64_t rows, vocabulary;
    Sampling sampling;
    int64_t firstPosition;
    const int32_t* seen; ///< every token once
    int seenCount;
    const int32_t* banned;
    int bannedCount;
    int32_t* tokens; ///< [rows]
    /// Whom alone to draw from, [rows, vocabulary] and [rows]: penalties and bans are in their
    /// logits already. Null: all.
    const int32_t* chosen = nullptr;
    const int* chosenCounts = nullptr;
};
void sample(const SampleProblem& problem, cudaStream_t stream);

} // namespace lapidary::kernels::cuda
