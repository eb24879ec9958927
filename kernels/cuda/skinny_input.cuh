#pragma once

// The way of x to the B operands of a skinny product: a warp fetches one piece of all rows, long
// before it is needed, and later hands it to the block, quantised where the format asks for it.
// Several rows are copied to memory of the warp; a single one is there sooner through registers.
#include "cuda/arch/fp8.cuh"
#include "cuda/weight_stream.cuh"

namespace lapidary::kernels::cuda {

/// Columns of x that meet a piece of weights.
__host__ __device__ constexpr int pieceColumns(ProductFormat format) {
    return format == ProductFormat::Plain ? kPieceBytes / 2 : kPieceBytes;
}

/// A piece of rows of x, as 16-byte chunks: a row's neighbours have theirs in other banks, where
/// products of a warpgroup look for them.
template <ProductFormat kFormat>
struct SkinnyStage {
    static constexpr int kChunks =
        pieceColumns(kFormat) * (kFormat == ProductFormat::Fp8 ? 1 : 2) / 16; // of a row

    __device__ static int place(int row, int chunk) { return row * kChunks + (chunk ^ (row & 7)); }
};
__device__ __forceinline__ int stageChunks(ProductFormat format, int rows) {
    return rows * (format == ProductFormat::Fp8Weights ? 16 : 8);
}

/// Pieces of x on their way: of each warp kRounds, of eight rows.
template <int kRounds>
struct SkinnyPieces {
    uint4 chunks[kSkinnyWarps][kRounds][4][32];
};

/// A warp's piece of a single row.
class SkinnyRow {
public:
    static constexpr int kAhead = 1; ///< rounds that may be fetched and not yet handed over

    template <class Pieces>
    __device__ SkinnyRow(const SkinnyProduct& product, const Pieces& /*pieces*/, int /*first*/)
        : product_(product) {}

    /// A lane takes 4 columns, of the shorter pieces 2.
    ///   piece  −1: none
    __device__ void fetch(int piece) {
        const bool plain = product_.format == ProductFormat::Plain;
        const int lane = threadIdx.x % 32;
        const int k = piece * pieceColumns(product_.format) + lane * (plain ? 2 : 4);
        const bool there = piece >= 0 && k < product_.columns;
        const Bf16* const from = product_.x + k;
        raw_ = {0, 0};
        if (there && plain)
            raw_.x = *reinterpret_cast<const uint32_t*>(from);
        else if (there)
            raw_ = *reinterpret_cast<const uint2*>(from);
    }

    /// Hands over what was fetched.
    ///   scales  of the row; for Fp8
    __device__ void put(uint4* stage, const InputScale* scales) const {
        const int lane = threadIdx.x % 32;
        switch (product_.format) {
        case ProductFormat::Plain:
            word<ProductFormat::Plain>(stage, lane) = raw_.x;
            break;
        case ProductFormat::Fp8:
            word<ProductFormat::Fp8>(stage, lane) = scales->quantise(raw_.x, raw_.y);
            break;
        case ProductFormat::Fp8Weights:
            *reinterpret_cast<uint2*>(&word<ProductFormat::Fp8Weights>(stage, lane * 2)) = raw_;
            break;
        }
    }

private:
    template <ProductFormat kFormat>
    __device__ static uint32_t& word(uint4* stage, int index) {
        return reinterpret_cast<uint32_t*>(
            &stage[SkinnyStage<kFormat>::place(0, index / 4)])[index % 4];
    }

    const SkinnyProduct& product_;
    uint2 raw_ = {};
};

/// A warp's pieces of up to eight rows, from `first` on. A lane takes eight columns of a row of
/// each part of a piece. What stands in shared memory is kept in registers: it would be read anew
/// after every copy.
template <int kRounds>
class SkinnyRows {
public:
    static constexpr int kAhead = kRounds; ///< rounds that may be fetched and not yet handed over

    __device__ SkinnyRows(const SkinnyProduct& product, SkinnyPieces<kRounds>& pieces, int first)
        : format_(product.format)
        , rows_(min(product.rows - first, 8))
        , first_(first)
        , rowsOfPart_(product.format == ProductFormat::Plain ? 4 : 2)
        , row_(static_cast<int>(threadIdx.x % 32) * rowsOfPart_ / 32)
        , chunk_(static_cast<int>(threadIdx.x) % (32 / rowsOfPart_))
        , columns_(product.columns)
        , x_(product.x + (first + row_) * product.columns + chunk_ * 8)
        , chunks_(pieces.chunks[threadIdx.x / 32]) {}

    /// Begins to copy the piece of the round after the last; of a round that has none, nothing.
    ///   piece  −1: none
    __device__ void fetch(int piece) {
        if (piece >= 0) {
            const int column = piece * pieceColumns(format_);
            const bool within = column + chunk_ * 8 < columns_;
            const Bf16* from = x_ + column;
            uint4* const to = &chunks_[fetched_ % kRounds][0][threadIdx.x % 32];
            eachPart([&](int part, int row) {
                if (within && row < rows_)
                    copyAsync(to + part * 32, from, true);
                else
                    to[part * 32] = {0, 0, 0, 0};
                from += rowsOfPart_ * columns_;
            });
        }
        commitCopies();
        ++fetched_;
    }

    /// Hands over the next round's piece: the first, when no other has been fetched, and then
    /// always one that kRounds − 1 others were fetched after.
    ///   scales  [rows]; for Fp8
    __device__ void put(uint4* stage, const InputScale* scales) {
        if (put_ == 0)
            waitCopies<0>();
        else
            waitCopies<kRounds - 1>();
        const uint4* const from = &chunks_[put_ % kRounds][0][threadIdx.x % 32];
        eachPart([&](int part, int row) {
            if (row < rows_)
                putEight(stage, first_ + row, from[part * 32], scales);
        });
        ++put_;
    }

private:
    /// Calls take(part, row of this lane) for each part of a piece.
    template <class Take>
    __device__ void eachPart(Take take) const {
#pragma unroll
        for (int part = 0; part < 4; ++part)
            if (part * rowsOfPart_ < rows_)
                take(part, part * rowsOfPart_ + row_);
    }

    __device__ void putEight(uint4* stage, int row, const uint4& eight,
                             const InputScale* scales) const {
        if (format_ == ProductFormat::Fp8) {
            const InputScale scale = scales[row];
            reinterpret_cast<uint2*>(
                &stage[SkinnyStage<ProductFormat::Fp8>::place(row, chunk_ / 2)])[chunk_ % 2] = {
                scale.quantise(eight.x, eight.y), scale.quantise(eight.z, eight.w)};
        } else if (format_ == ProductFormat::Plain) {
            stage[SkinnyStage<ProductFormat::Plain>::place(row, chunk_)] = eight;
        } else {
            stage[SkinnyStage<ProductFormat::Fp8Weights>::place(row, chunk_)] = eight;
        }
    }

    const ProductFormat format_;
    const int rows_;  ///< from `first` on
    const int first_; ///< row
    const int rowsOfPart_;
    const int row_, chunk_; ///< of a part, that fall to this lane
    const int columns_;
    const Bf16* const x_; ///< this lane's part of piece 0
    uint4 (*const chunks_)[4][32];
    unsigned fetched_ = 0, put_ = 0; ///< rounds
};

} // namespace lapidary::kernels::cuda
