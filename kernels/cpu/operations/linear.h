#pragma once

#include "cpu/context.h"
#include "tensor.h"
#include "weight.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace lapidary::kernels {

/// y = W x. Each (row, output channel) is one chain of multiply-adds over k and one final
/// reduction, whatever tile it is computed in, so its bits depend on W and the row alone. Scales of
/// the weight and of a quantised row are factors of that sum.
void linear(CpuContext& context, const Weight& w, const Tensor& x, const Tensor& y);

/// One of several products of the same input.
struct Product {
    const Weight* weight = nullptr;
    Tensor y; ///< [rows, rows of the weight]
};

/// Whether products with the two weights can share the packed rows of one input.
[[nodiscard]] bool samePacking(const Weight& a, const Weight& b);

/// All products of x, whose weights have the same packing, in one fork a panel. False: no memory.
///   x [rows, columns of the weights]
bool multiplyPanels(CpuContext& context, std::span<const Product> products, const Tensor& x);

/// The rows that one pass over the weights serves: 64 rows of 21504 floats are 5.5 MB, which the
/// last cache level holds, and 64 multiply-adds a weight hide the reading of it.
inline constexpr std::int64_t kPanelRows = 64;

/// Some output channels of one matrix for at most kPanelRows rows.
struct LinearJob {
    const std::byte* weights = nullptr; ///< [channels, columns] in `format`
    const float* scales = nullptr;      ///< [channels] of Fp8
    WeightFormat format = WeightFormat::BF16;
    std::int64_t channels = 0;
    std::int64_t columns = 0;
    std::span<const float* const> x; ///< packed rows (packRows)
    std::span<float* const> y;       ///< as many rows of `channels` floats
};

/// Floats of a packed row of `columns` numbers.
[[nodiscard]] std::int64_t packedSize(std::int64_t columns);

/// Brings rows into the order in which the weight is read, quantised where it wants them so, padded
/// with zeros. The last 16 floats of a packed row hold its scale: 1 unless it is quantised.
///   from, to: as many rows; those of `to` are 64-byte aligned and packedSize(columns) long
void packRows(ThreadPool& pool, const Weight& weight, std::span<const float* const> from,
              std::span<float* const> to);

/// All jobs in one fork.
void runJobs(ThreadPool& pool, std::span<const LinearJob> jobs);

} // namespace lapidary::kernels
