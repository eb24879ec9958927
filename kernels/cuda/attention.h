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
    Bf16* out = nullptr;      ///< [rows, heads, headDim]
    float* largest = nullptr; ///< [rows, heads], or null: the largest magnitude of each head of out
    int64_t capacity = 0;
    int64_t firstPosition = 0;
    const int64_t* position = nullptr; ///< decode: device memory that holds firstPosition, or null
    int64_t window = 0;                ///< 0: all
    int rows = 0, heads = 0, kvHeads = 0, headDim = 0;
    int runCount = 0;
    DeviceRun runs[kMostRuns] = {};

    /// Query heads that read one K/V head.
    __host__ __device__ int group() const { return heads / kvHeads; }
    /// What one K/V head is asked: rows × group, packed row-major.
    __host__ __device__ int queries() const { return rows * group(); }
};

/// What is still to be done to the rows before they attend (backend.h, RotateAndStore). Without
/// qNorm: nothing, q is rotated and the rows' K/V are in the cache. With qNorm and without k: q is
/// raw, the K/V are in the cache.
struct RawRows {
    const Bf16* k = nullptr; ///< [rows, kvHeads, headDim], goes into the problem's cache
    const Bf16* v = nullptr; ///< may be the same memory
    const float* qNorm = nullptr;
    const float* kNorm = nullptr;
    const float* frequencies = nullptr; ///< [headDim / 2]
    float epsilon = 0;
};

/// 1 to 16 rows, one kernel: norms, rotation, the way into the cache, attention split over the keys
/// by absolute position, and the ordered merge. Grid and scratch depend on shapes, capacity, window
/// and the card alone, so the launch can be recorded and repeated with another position.
///   scratch  decodeScratchBytes(problem) bytes
///   counters decodeCounterBytes bytes, zero before the first launch and kept between launches of
///            one stream
void attentionDecode(const AttentionProblem& problem, const RawRows& raw, void* scratch,
                     unsigned* counters, cudaStream_t stream);
size_t decodeScratchBytes(const AttentionProblem& problem);
inline constexpr size_t kDecodeCounterBytes = 1024;

/// Any number of rows: a block walks all keys of its tile of queries. q is rotated, the rows' K/V
/// are in the cache.
void attentionPrefill(const AttentionProblem& problem, cudaStream_t stream);

} // namespace lapidary::kernels::cuda
