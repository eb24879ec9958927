#pragma once

#include "cuda/coarse_head.h"

#include <cstddef>
#include <cstdint>

namespace lapidary::kernels::cuda {

/// What is known of the logits of all tokens where they are estimates.
struct EstimatedLogits {
    const Bf16* w = nullptr; ///< [vocabulary, columns]; null: logits are exact
    const Bf16* x = nullptr; ///< [rows, columns]
    CoarseMatrix coarse = {};
    float cap = 0;           ///< of exact logits
    float* bounds = nullptr; ///< [rows, boundsOf(vocabulary)]
    const std::int32_t* banned = nullptr;
    int bannedCount = 0; ///< candidates or not, their logits become −∞
};

/// Memory for the candidates of `rows`, and for what finds them.
struct CandidateSpace {
    std::uint32_t* words = nullptr; ///< [rows, groups], a bit for each of 32 tokens: a candidate
    float* maxima = nullptr;        ///< [rows, groups], of exact logits
    float* reached = nullptr;       ///< [rows]: what as many estimates as are wanted surely reach
    std::uint32_t* least = nullptr; ///< [rows]: less than this, in order, is no candidate's

    CandidateSpace() = default;
    ///   scratch  candidateBytes(rows, vocabulary), on 4 bytes
    CandidateSpace(void* scratch, std::int64_t rows, std::int64_t vocabulary);
};

/// The tokens among whom the best ones of each row must be, and their exact logits.
struct CandidateProblem {
    float* logits = nullptr; ///< [rows, vocabulary]: of estimates the candidates' become exact
    std::int64_t rows = 0, vocabulary = 0;
    int wanted = 0; ///< the best so many are among the candidates, of tokens not banned
    EstimatedLogits estimated = {};
    CandidateSpace space = {};
    int multiprocessors = 0;

    [[nodiscard]] __host__ __device__ int groups() const {
        return static_cast<int>((vocabulary + 31) / 32);
    }
};
void chooseCandidates(const CandidateProblem& problem, cudaStream_t stream);

} // namespace lapidary::kernels::cuda
