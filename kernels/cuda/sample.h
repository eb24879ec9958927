#pragma once

#include "cuda/launch.h"

namespace lapidary::kernels::cuda {

/// The most candidates that are drawn from on the card.
inline constexpr int kMostCandidates = 1024;

/// Penalties and bans, of all rows.
struct AdjustProblem {
    float* logits; ///< [rows, vocabulary]
    int64_t rows, vocabulary;
    float penalty;
    const int32_t* tokens; ///< each once: those that are seen and not banned, then the banned ones
    int seenCount, bannedCount;
};
void adjust(const AdjustProblem& problem, cudaStream_t stream);

/// backend.h, Sample, once it is known among whom the best ones are (candidates.h).
struct DrawProblem {
    const float* logits; ///< [rows, vocabulary]
    int64_t rows, vocabulary;
    Sampling sampling;
    int wanted;
    int64_t firstPosition;
    const uint32_t* candidates; ///< [rows, groups], a bit for each of 32 tokens
    int groups;
    int32_t* tokens; ///< [rows]
};
void draw(const DrawProblem& problem, cudaStream_t stream);

} // namespace lapidary::kernels::cuda
