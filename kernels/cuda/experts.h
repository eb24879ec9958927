#pragma once

#include "cuda/card_matrix.h"

namespace lapidary::kernels::cuda {

inline constexpr int kMostExperts = 512;

/// backend.h, Route; at most kMostExperts, hidden at most 8192.
struct RouteProblem {
    const Bf16* x; ///< [rows, hidden]
    const float* scale;
    const Bf16* proj; ///< [experts, hidden]
    const float* perExpertScale;
    int32_t* chosen; ///< [rows, topK]
    float* weights;
    int64_t rows, hidden;
    int experts, topK;
    float factor, epsilon;
};
void route(const RouteProblem& problem, cudaStream_t stream);

/// backend.h, ExpertMlp.
struct ExpertProblem {
    CardMatrix gateUp; ///< [experts, 2 · width, hidden]
    CardMatrix down;   ///< [experts, hidden, width], in the same format
    const Bf16* x;     ///< [rows, hidden]
    const int32_t* chosen;
    const float* weights;
    Bf16* y; ///< [rows, hidden]
    int64_t rows, hidden, width;
    int experts, topK;
};

/// Any shape with hidden and topK · width at most 8192, slowly: every pair of a row and an expert
/// reads that expert's weights, number by number.
///   activated [rows · topK, width]
void expertsRagged(const ExpertProblem& problem, Bf16* activated, cudaStream_t stream);

/// Any number of rows: pairs are sorted by expert, so that a tile of 64 shares its weights.
///   scratch  groupedScratchBytes bytes
void expertsGrouped(const ExpertProblem& problem, void* scratch, cudaStream_t stream);
size_t groupedScratchBytes(const ExpertProblem& problem);

} // namespace lapidary::kernels::cuda
