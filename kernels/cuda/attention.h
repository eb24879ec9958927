#pragma once

#include "cuda/launch.h"

namespace lapidary::kernels::cuda {

/// Positions [begin, end) that see each other in both directions.
struct DeviceRun {
    int64_t begin, end;
};
inline constexpr int kMostRuns = 32;

/// Attention over a cache (backend.h, Attention). Handed to kernels by value.
struct AttentionProblem {
    const Bf16* q = nullptr; ///< [rows, heads, headDim]
    const Bf16* k = nullptr; ///< [capacity, kvHeads, headDim]
    const Bf16* v = nullptr;
    Bf16* out = nullptr; ///< [rows, heads, headDim]
    int64_t capacity = 0;
    int64_t firstPosition = 0;
    int64_t window = 0; ///< 0: all
    int rows = 0, heads = 0, kvHeads = 0, headDim = 0;
    int runCount = 0;
    DeviceRun runs[kMostRuns] = {};

    /// Query heads that read one K/V head.
    __host__ __device__ int group() const { return heads / kvHeads; }
    /// What one K/V head is asked: rows × group, packed row-major.
    __host__ __device__ int queries() const { return rows * group(); }
};

/// 1 to 16 rows: splits the keys over blocks by absolute position.
///   scratch  decodeScratchBytes(problem) bytes
void attentionDecode(const AttentionProblem& problem, void* scratch, cudaStream_t stream);
size_t decodeScratchBytes(const AttentionProblem& problem);

/// Any number of rows: a block walks all keys of its tile of queries.
void attentionPrefill(const AttentionProblem& problem, cudaStream_t stream);

} // namespace lapidary::kernels::cuda
