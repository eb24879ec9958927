#pragma once

#include "cuda/launch.h"

/// Rows of bf16 as e4m3 and back (../quantise.h has the rule).
namespace lapidary::kernels::cuda {

/// codes = e4m3(x / scale), a scale a row.   x, codes [rows, columns], scales [rows]
void quantiseRows(const Bf16* x, std::int64_t rows, std::int64_t columns, std::uint8_t* codes,
                  float* scales, cudaStream_t stream);

/// The same of gelu_tanh(gate) ⊙ up, rounded to bf16 first, which is not kept.
///   gate, up, codes  [rows, columns], on 16 bytes
/// False where rows are too long for that, 24064 numbers, or no multiple of 8: nothing is queued.
[[nodiscard]] bool quantiseGated(const Bf16* gate, const Bf16* up, std::int64_t rows,
                                 std::int64_t columns, std::uint8_t* codes, float* scales,
                                 cudaStream_t stream);

/// The same, as the values of the codes, unscaled, in bf16.   x, values [rows, columns]
void roundRows(const Bf16* x, std::int64_t rows, std::int64_t columns, Bf16* values, float* scales,
               cudaStream_t stream);

/// The largest magnitude of each row.   x [rows, columns], largest [rows]
void largestOfRows(const Bf16* x, std::int64_t rows, std::int64_t columns, float* largest,
                   cudaStream_t stream);

/// The values of the codes, unscaled, which bf16 holds exactly.   count: a multiple of 4
void widenCodes(const std::uint8_t* codes, std::int64_t count, Bf16* values, cudaStream_t stream);

/// y = sums · (rowScales ⊗ channelScales) in bf16.   sums, y [rows, channels]; rowScales null: ones
void scaleSums(const float* sums, const float* rowScales, const float* channelScales,
               std::int64_t rows, std::int64_t channels, Bf16* y, cudaStream_t stream);

} // namespace lapidary::kernels::cuda
