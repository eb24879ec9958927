#pragma once

#include "cuda/launch.h"

namespace lapidary::kernels::cuda {

/// What the weights of a product are, and what becomes of the rows of x.
enum class ProductFormat : std::uint8_t {
    Plain,     ///< both in bf16, as they are
    Fp8,       ///< weights e4m3 with a scale a channel, x quantised to e4m3 with a scale a row
    Fp8Weights ///< weights e4m3 with a scale a channel, x as it is
};

/// A matrix, or a stack of experts, as kernels see it: row-major in the card's memory.
struct CardMatrix {
    ProductFormat format = ProductFormat::Plain;
    const void* numbers = nullptr; ///< [experts, rows, columns]
    const float* scales = nullptr; ///< [experts, rows]; null for bf16

    /// Of a row, counted through the stack.
    [[nodiscard]] constexpr float scale(std::int64_t row) const {
        return scales != nullptr ? scales[row] : 1.0F;
    }
};

} // namespace lapidary::kernels::cuda
