#pragma once

#include "sampling.h"
#include "tensor.h"

#include <cuda_runtime_api.h>

#include <cstdint>

/// The kernels as functions of the host. Every pointer is device memory, every call is queued on
/// `stream`. Activations are bf16 and row-major, small vectors f32; matrices are row-major
/// (card_matrix.h). Contracts beyond that stand in backend.h.
namespace lapidary::kernels::cuda {

using Bf16 = std::uint16_t; ///< storage of a bfloat16 outside device code

void embed(const Bf16* table, const std::int32_t* ids, std::int64_t rows, std::int64_t columns,
           float scale, Bf16* y, cudaStream_t stream);

void rmsNorm(const Bf16* x, const float* weight, std::int64_t rows, std::int64_t width,
             float epsilon, Bf16* y, float* largest, cudaStream_t stream);

/// backend.h, AddNormed. Tensors begin on 16 bytes. The step kernel takes it without x as well:
/// then the residual is only normed and stays as it is.
struct AddNormedProblem {
    Bf16* residual = nullptr;
    const Bf16* x = nullptr;
    const float* weight = nullptr;
    float epsilon = 0;
    float scale = 1;
    const float* nextWeight = nullptr; ///< null: the sum alone
    Bf16* normed = nullptr;
    float* largest = nullptr;
    std::int64_t rows = 0, width = 0;
};
void addNormed(const AddNormedProblem& problem, cudaStream_t stream);
void layerNorm(const Bf16* x, const float* weight, const float* bias, std::int64_t rows,
               std::int64_t width, float epsilon, Bf16* y, cudaStream_t stream);

void geluMultiply(const Bf16* gate, const Bf16* up, Bf16* y, std::int64_t count,
                  cudaStream_t stream);
void scaledSum(const Bf16* a, const Bf16* b, float scale, Bf16* y, std::int64_t count,
               cudaStream_t stream);
void clamp(Bf16* x, float low, float high, std::int64_t count, cudaStream_t stream);
void addBias(Bf16* x, const float* bias, std::int64_t rows, std::int64_t width,
             cudaStream_t stream);
void addRows(Bf16* x, const float* table, const std::int32_t* indices, std::int64_t rows,
             std::int64_t width, cudaStream_t stream);
/// y[p, r] = part p of row r, times scale.
struct PartsToSpread {
    bool single = false;        ///< f32, else bf16
    const void* from = nullptr; ///< [rows, parts, width]
    std::int64_t firstRow = 0;  ///< of y that `from` has
    std::int64_t rows = 0, allRows = 0, parts = 0, width = 0;
    float scale = 1;
    Bf16* y = nullptr; ///< [parts, allRows, width]
};
void spreadParts(const PartsToSpread& parts, cudaStream_t stream);
void toBf16(const float* x, Bf16* y, std::int64_t count, cudaStream_t stream);
void softCap(float* x, float cap, std::int64_t count, cudaStream_t stream);

} // namespace lapidary::kernels::cuda
