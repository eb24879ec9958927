#include "cuda/packing_piece.h"

#include "assert.h"

#include <algorithm>
#include <span>

namespace lapidary::kernels::cuda {

namespace {

void cutBytes(std::vector<PackingPiece>& pieces, const PackingPiece& like,
              std::span<const std::byte> from, void* to, std::size_t pieceBytes) {
    for (std::size_t begin = 0; begin < from.size(); begin += pieceBytes) {
        PackingPiece& piece = pieces.emplace_back(like);
        piece.from = from.data() + begin;
        piece.bytes = std::min(pieceBytes, from.size() - begin);
        piece.to = static_cast<std::byte*>(to) + begin;
    }
}

} // namespace

Packing packingOf(const WeightSource& source, WeightFormat as) {
    const bool quantised = as == WeightFormat::Fp8 && source.format != WeightFormat::Fp8;
    LAPIDARY_ASSERT(as == source.format || quantised);
    if (quantised)
        return Packing::Quantised;
    return source.format == WeightFormat::F32 ? Packing::Rounded : Packing::Copied;
}

std::vector<PackingPiece> cutIntoPieces(const WeightSource& source, WeightFormat as,
                                        const std::shared_ptr<CardWeight>& weight,
                                        std::size_t pieceBytes) {
    std::vector<PackingPiece> pieces;
    const PackingPiece like{.packing = packingOf(source, as),
                            .format = source.format,
                            .columns = source.columns,
                            .weight = weight,
                            .owner = source.owner};
    auto* const numbers = static_cast<std::byte*>(weight->numbers.memory.get());
    auto* const scales = static_cast<float*>(weight->scales.memory.get());
    if (like.packing == Packing::Copied) {
        std::byte* to = numbers;
        for (const std::span<const std::byte> place : source.places()) {
            cutBytes(pieces, like, place, to, pieceBytes);
            to += place.size();
        }
        cutBytes(pieces, like, std::as_bytes(source.scales), scales, pieceBytes);
        return pieces;
    }
    const std::size_t rowBytes =
        static_cast<std::size_t>(source.columns) * elementSize(source.format);
    const std::size_t packedRowBytes = static_cast<std::size_t>(source.columns)
                                       * (like.packing == Packing::Quantised ? 1 : sizeof(Bf16));
    const auto atOnce = std::max<std::int64_t>(1, static_cast<std::int64_t>(pieceBytes / rowBytes));
    std::int64_t row = 0; // of the matrix
    for (const std::span<const std::byte> place : source.places()) {
        LAPIDARY_ASSERT(place.size() % rowBytes == 0);
        for (std::span<const std::byte> rest = place; !rest.empty();) {
            PackingPiece& piece = pieces.emplace_back(like);
            piece.rows = std::min(atOnce, static_cast<std::int64_t>(rest.size() / rowBytes));
            piece.from = rest.data();
            piece.bytes = static_cast<std::size_t>(piece.rows) * rowBytes;
            piece.to = numbers + static_cast<std::size_t>(row) * packedRowBytes;
            piece.scales = scales != nullptr ? scales + row : nullptr;
            row += piece.rows;
            rest = rest.subspan(piece.bytes);
        }
    }
    return pieces;
}

} // namespace lapidary::kernels::cuda
