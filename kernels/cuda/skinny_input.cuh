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

/// Pieces of x on their way: of each warp kRounds, of eight rows.
template <int kRounds>
struct SkinnyPieces {
    uint4 chunks[kSkinnyWarps][kRounds][4][32];
};

/// A warp's piece of a single row.
template <ProductFormat kFormat>
class SkinnyRow {
public:
    static constexpr int kAhead = 1; ///< rounds that may be fetched and not yet handed over

    template <class Pieces>
    __device__ SkinnyRow(const SkinnyProduct& product, const Pieces& /*pieces*/, int /*first*/)
        : x_(product.x), columns_(product.columns) {}

    /// A lane takes 4 columns, of the shorter pieces 2.
    ///   piece  −1: none; beyond the row: zeros
    __device__ void fetch(int piece) {
        constexpr bool kShort = kFormat == ProductFormat::Plain;
        const int k = piece * pieceColumns(kFormat) + lane() * (kShort ? 2 : 4);
        const bool there = piece >= 0 && k < columns_;
        const Bf16* const from = x_ + k;
        raw_ = {0, 0};
        if (there && kShort)
            raw_.x = *reinterpret_cast<const uint32_t*>(from);
        else if (there)
            raw_ = *reinterpret_cast<const uint2*>(from);
    }

    /// Hands over what was fetched.
    ///   scales  of the row; for Fp8
    __device__ void put(uint4* stage, const InputScale* scales) const {
        if constexpr (kFormat == ProductFormat::Plain)
            word(stage, lane()) = raw_.x;
        else if constexpr (kFormat == ProductFormat::Fp8)
            word(stage, lane()) = scales->quantise(raw_.x, raw_.y);
        else
            *reinterpret_cast<uint2*>(&word(stage, lane() * 2)) = raw_;
    }

private:
    __device__ static int lane() { return static_cast<int>(threadIdx.x % 32); }
    __device__ static uint32_t& word(uint4* stage, int index) {
        return reinterpret_cast<uint32_t*>(
            &stage[SkinnyStage<kFormat>::place(0, index / 4)])[index % 4];
    }

    const Bf16* const x_;
    const int columns_;
    uint2 raw_ = {};
};

/// A warp's pieces of up to eight rows, from `first` on. A lane takes eight columns of a row of
/// each part of a piece. What stands in shared memory is kept in registers: it would be read anew
/// after every copy.
template <ProductFormat kFormat, int kRounds>
class SkinnyRows {
public:
    static constexpr int kAhead = kRounds; ///< rounds that may be fetched and not yet handed over

    __device__ SkinnyRows(const SkinnyProduct& product, SkinnyPieces<kRounds>& pieces, int first)
        : rows_(min(product.rows - first, 8))
        , first_(first)
        , row_(static_cast<int>(threadIdx.x % 32) / kLanes)
        , chunk_(static_cast<int>(threadIdx.x % kLanes))
        , columns_(product.columns)
        , x_(product.x + (first + row_) * product.columns + chunk_ * 8)
        , chunks_(pieces.chunks[threadIdx.x / 32]) {}

    /// Begins to copy the piece of the round after the last; of a round that has none, nothing.
    ///   piece  −1: none; beyond the row: zeros
    __device__ void fetch(int piece) {
        if (piece >= 0) {
            const int column = piece * pieceColumns(kFormat);
            const bool within = column + chunk_ * 8 < columns_;
            const Bf16* from = x_ + column;
            uint4* const to = &chunks_[fetched_ % kRounds][0][threadIdx.x % 32];
            eachPart([&](int part, int row) {
                if (within && row < rows_)
                    copyAsync(to + part * 32, from, true);
                else
                    to[part * 32] = {0, 0, 0, 0};
                from += kRowsOfPart * columns_;
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
    static constexpr int kLanes = pieceColumns(kFormat) / 8; ///< of a row
    static constexpr int kRowsOfPart = 32 / kLanes;

    /// Calls take(part, row of this lane) for each part of a piece.
    template <class Take>
    __device__ void eachPart(Take take) const {
#pragma unroll
        for (int part = 0; part < 8 / kRowsOfPart; ++part)
            if (part * kRowsOfPart < rows_)
                take(part, part * kRowsOfPart + row_);
    }

    __device__ void putEight(uint4* stage, int row, const uint4& eight,
                             const InputScale* scales) const {
        if constexpr (kFormat == ProductFormat::Fp8) {
            const InputScale scale = scales[row];
            reinterpret_cast<uint2*>(
                &stage[SkinnyStage<kFormat>::place(row, chunk_ / 2)])[chunk_ % 2] = {
                scale.quantise(eight.x, eight.y), scale.quantise(eight.z, eight.w)};
        } else {
            stage[SkinnyStage<kFormat>::place(row, chunk_)] = eight;
        }
    }

    const int rows_;        ///< from `first` on
    const int first_;       ///< row
    const int row_, chunk_; ///< of a part, that fall to this lane
    const int columns_;
    const Bf16* const x_; ///< this lane's part of piece 0
    uint4 (*const chunks_)[4][32];
    unsigned fetched_ = 0, put_ = 0; ///< rounds
};

} // namespace lapidary::kernels::cuda
