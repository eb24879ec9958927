#pragma once

#include "cuda/launch.h"

namespace lapidary::kernels::cuda {

/// backend.h, RotateAndStore.
struct RotateStoreProblem {
    Bf16* q = nullptr;       ///< [rows, heads, headDim]
    const Bf16* k = nullptr; ///< [rows, kvHeads, headDim], or null
    const Bf16* v = nullptr;
    const float* qNorm = nullptr;
    const float* kNorm = nullptr;
    const float* frequencies = nullptr; ///< [headDim / 2]
    Bf16* cacheK = nullptr;             ///< [capacity, kvHeads, headDim]
    Bf16* cacheV = nullptr;
    int64_t capacity = 0;
    int64_t firstPosition = 0;
    int rows = 0, heads = 0, kvHeads = 0, headDim = 0;
    float epsilon = 0;
};
void rotateAndStore(const RotateStoreProblem& problem, cudaStream_t stream);

/// backend.h, VisionAttention, up to the attention: q, k, v [patches, heads, headDim] in place.
struct VisionRotateProblem {
    Bf16* q = nullptr;
    Bf16* k = nullptr;
    Bf16* v = nullptr;
    const float* qNorm = nullptr;
    const float* kNorm = nullptr;
    const int32_t* columns = nullptr;
    const int32_t* rows = nullptr;
    const float* frequencies = nullptr; ///< [headDim / 4]
    int64_t patches = 0;
    int heads = 0, headDim = 0;
    float epsilon = 0;
};
void rotateVision(const VisionRotateProblem& problem, cudaStream_t stream);

/// backend.h, poolPatches.
void poolPatches(const Bf16* x, int64_t gridRows, int64_t gridColumns, int64_t k, int64_t width,
                 float factor, const float* bias, const float* scale, Bf16* y, cudaStream_t stream);

} // namespace lapidary::kernels::cuda
