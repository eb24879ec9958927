#pragma once

#include "cuda/card_weight.h"
#include "weight.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace lapidary::kernels::cuda {

/// What becomes of the numbers of a source on the card.
enum class Packing : std::uint8_t {
    Copied,   ///< as they are
    Rounded,  ///< f32 to bf16
    Quantised ///< f32 or bf16 to e4m3, with a scale a row
};

/// A part of a matrix on its way to the card.
struct PackingPiece {
    Packing packing = Packing::Copied;
    const std::byte* from = nullptr; ///< on the host
    std::size_t bytes = 0;
    std::byte* to = nullptr; ///< on the card
    // Whole rows, where they are not copied.
    WeightFormat format = WeightFormat::BF16; ///< of the source
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    float* scales = nullptr; ///< [rows], of quantised ones

    std::shared_ptr<const Weight::Packed> weight; ///< keeps `to`
    std::shared_ptr<const void> owner;            ///< keeps `from`
};

/// How a source becomes what the card multiplies: bf16, or e4m3 where `as` says so.
[[nodiscard]] Packing packingOf(const WeightSource& source, WeightFormat as);

/// Cuts a source, and its scales, into pieces of at most `pieceBytes`, or of one row where rows are
/// longer and not copied.
///   weight  takes the numbers, and the scales where there are some
[[nodiscard]] std::vector<PackingPiece> cutIntoPieces(const WeightSource& source, WeightFormat as,
                                                      const std::shared_ptr<CardWeight>& weight,
                                                      std::size_t pieceBytes);

} // namespace lapidary::kernels::cuda
