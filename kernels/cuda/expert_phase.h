#pragma once

#include "cuda/experts.h"

namespace lapidary::kernels::cuda {

/// The logits of a router, as one phase: all experts of rows that are normed in passing.
struct RoutePhase {
    RouteProblem problem;    ///< without its choice
    float* logits = nullptr; ///< [rows, experts]
};

/// The experts of 1 to 16 rows, as two phases: gate and up, then down with the sum over a row's
/// experts. Who takes part makes the choice from the logits itself, which costs less than waiting
/// for another's.
struct ExpertPhase {
    ExpertProblem problem;
    Bf16* activated = nullptr;     ///< [rows · topK, width]
    const float* norm = nullptr;   ///< [hidden], of x; null: x as it is
    float epsilon = 0;             ///< of that norm
    const float* logits = nullptr; ///< [rows, experts]; null: the choice and its weights are there
    const float* perExpertScale = nullptr; ///< beside logits
};

/// Whether the phases take this problem: rows of matrices begin on 16 bytes, and what is read of x
/// fits.
[[nodiscard]] bool arePhases(const ExpertProblem& problem);

inline constexpr std::int64_t kMostPhaseChosen = 16;     ///< experts of a row
inline constexpr std::int64_t kExpertInputBytes = 11264; ///< of a row of x, or of all its experts'
inline constexpr std::int64_t kWidestExpertInput = 4096; ///< numbers of a row of x

/// The norms of a dense branch and of the experts beside it, their sum, and the sum and the norm
/// that follow.
struct BranchPhase {
    AddNormedProblem sum;
    Bf16* dense = nullptr;            ///< [rows, width]; becomes x of `sum`
    const Bf16* other = nullptr;      ///< [rows, width]
    const float* norm = nullptr;      ///< [width], of the dense branch
    const float* otherNorm = nullptr; ///< [width]
    float epsilon = 0;                ///< of both
};

} // namespace lapidary::kernels::cuda
