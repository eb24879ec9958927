#pragma once

#include "cuda/arch/tensor_map.h"
#include "cuda/launch.h"

namespace lapidary::kernels::cuda {

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

    /// Query heads that read one K/V head.
    __host__ __device__ int group() const { return heads / kvHeads; }
    /// What one K/V head is asked: rows × group, packed row-major.
    __host__ __device__ int queries() const { return rows * group(); }
};

/// Positions [begin, end) that see each other in both directions.
struct DeviceRun {
    int64_t begin, end;
};
inline constexpr int kMostRuns = 32;
struct DeviceRuns {
    int count = 0;
    DeviceRun at[kMostRuns] = {};
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
    bool handed = false; ///< whether q, k and v are handed over (hand_over.cuh)
};

/// What the runs of keys leave for their merge, a query of a K/V head after the other.
struct RunSums {
    float* out = nullptr;     ///< [kvHeads · queries, mostRuns, headDim], not divided
    float* maximum = nullptr; ///< [kvHeads · queries, mostRuns], of scores · log2 e
    float* sum = nullptr;     ///< [kvHeads · queries, mostRuns]
    int mostRuns = 0;
    bool handed = false; ///< whether they are handed over (hand_over.cuh)
};

/// Columns of a query that are merged at once: of a single row few, so that more blocks take part.
__host__ __device__ inline int mergeColumns(const AttentionProblem& p) {
    return p.rows == 1 ? 32 : 128;
}

/// Pieces of work of a merge.
__host__ __device__ inline int mergeTasks(const AttentionProblem& p) {
    const int columns = mergeColumns(p);
    return p.rows * p.heads * ((p.headDim + columns - 1) / columns);
}

/// Where a merge leaves what the next phase takes (hand_over.cuh), or null.
struct HandedMerge {
    Bf16* out = nullptr;      ///< as that of the problem
    float* largest = nullptr; ///< [rows, pieces of work of a row]
};

/// Units of work, groups of queries of the K/V heads, that runs are claimed for; of more units each
/// block has its runs from the start.
inline constexpr int kMostUnits = 128;

/// Counts of attentionDecode, kept from launch to launch.
struct DecodeCounters {
    unsigned barrier;             ///< zero at first; its top bit turns over once a launch
    unsigned claimed[kMostUnits]; ///< AttentionPhase::claimed, all bits set at first
};

/// 1 to 16 rows: norms, rotation, the way into the cache, attention split over the keys by absolute
/// position, and the ordered merge. Scratch and work are cut by shapes, capacity, window and the
/// card alone, so that a launch can be recorded and repeated with another position.
[[nodiscard]] size_t decodeScratchBytes(const AttentionProblem& p);
[[nodiscard]] RunSums placeRuns(const AttentionProblem& p, void* scratch);

/// Whether the keys are so many that they deserve all shared memory of a card which has
/// `sharedBytes`, or steps of them need not end where the memory of the cache does; otherwise, and
/// on cards with less, the step kernel attends (step_phase.h).
[[nodiscard]] bool attendsApart(const AttentionProblem& p, size_t sharedBytes);
void attentionDecode(const AttentionProblem& problem, const RawRows& raw, const RunSums& sums,
                     DecodeCounters* counters, cudaStream_t stream);

/// Of keys or values: boxes of a step of one head's keys by 64 columns, which the step kernel
/// copies by on cards from 9.0 up.
[[nodiscard]] cudaError_t makeTensorMap(const AttentionProblem& problem, const Bf16* cache,
                                        TensorMap& map);

/// Any number of rows: a block walks all keys of its tile of queries. q is rotated, the rows' K/V
/// are in the cache. What the driver answers where it refuses to describe the cache to the card.
[[nodiscard]] cudaError_t attentionPrefill(const AttentionProblem& problem, const DeviceRuns& runs,
                                           cudaStream_t stream);

/// The same with Hopper's own instructions, whose sums are rounded in another order. Which of the
/// two attends is a function of the card, the head size, the window and the capacity: a query's
/// bits do not depend on how a prompt is cut into chunks.
[[nodiscard]] bool hopperAttends(const AttentionProblem& problem);
[[nodiscard]] cudaError_t attentionHopper(const AttentionProblem& problem, const DeviceRuns& runs,
                                          cudaStream_t stream);

} // namespace lapidary::kernels::cuda
