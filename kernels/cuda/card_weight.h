#pragma once

#include "backend.h"
#include "cuda/card_matrix.h"

namespace lapidary::kernels::cuda {

/// A matrix in a card's memory, row-major as in the file, and the scales of its rows.
struct CardWeight final : Weight::Packed {
    Buffer numbers;
    Buffer scales; ///< [experts, rows] f32; of e4m3 alone
};

/// What kernels see of a Weight.
[[nodiscard]] inline CardMatrix matrixOf(const Weight& weight) {
    const auto& packed = static_cast<const CardWeight&>(weight.packed());
    const ProductFormat format = weight.format() != WeightFormat::Fp8 ? ProductFormat::Plain
                                 : weight.quantisedInput()            ? ProductFormat::Fp8
                                                                      : ProductFormat::Fp8Weights;
    return {.format = format,
            .numbers = packed.numbers.memory.get(),
            .scales = static_cast<const float*>(packed.scales.memory.get())};
}

} // namespace lapidary::kernels::cuda
