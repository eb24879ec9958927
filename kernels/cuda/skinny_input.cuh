#pragma once

// The way of x to the B operands of a skinny product: a warp fetches one piece of all rows into
// registers, a row at a time by all lanes, and later hands it to the block in shared memory,
// quantised where the format asks for it.
#include "cuda/arch/fp8.cuh"
#include "cuda/weight_stream.cuh"

namespace lapidary::kernels::cuda {

/// Columns of x that meet a piece of weights.
__host__ __device__ constexpr int pieceColumns(ProductFormat format) {
    return format == ProductFormat::Plain ? kPieceBytes / 2 : kPieceBytes;
}

/// A piece of rows of x, as 16-byte chunks. A row's neighbour has its chunks in other banks.
template <ProductFormat kFormat>
struct SkinnyStage {
    static constexpr int kChunks =
        pieceColumns(kFormat) * (kFormat == ProductFormat::Fp8 ? 1 : 2) / 16; // of a row

    __device__ static int place(int row, int chunk) { return row * kChunks + (chunk ^ (row & 1)); }
};
__device__ __forceinline__ int stageChunks(ProductFormat format, int rows) {
    return rows * (format == ProductFormat::Fp8Weights ? 16 : 8);
}

/// A warp's piece of up to kRows rows, from `first` on.
template <int kRows>
class SkinnyInput {
public:
    __device__ SkinnyInput(const SkinnyProduct& product, int first)
        : product_(product), first_(first), rows_(product.rows - first) {}

    /// A lane takes 4 columns of each row, of the shorter pieces 2.
    __device__ void fetch(int piece) {
        const bool plain = product_.format == ProductFormat::Plain;
        const int lane = threadIdx.x % 32;
        const int k = piece * pieceColumns(product_.format) + lane * (plain ? 2 : 4);
        const bool there = k < product_.columns;
        const Bf16* from = product_.x + first_ * product_.columns + k;
#pragma unroll
        for (int row = 0; row < kRows; ++row, from += product_.columns)
            if (row < rows_) {
                uint2 four = {0, 0};
                if (there && plain)
                    four.x = *reinterpret_cast<const uint32_t*>(from);
                else if (there)
                    four = *reinterpret_cast<const uint2*>(from);
                raw_[row] = four;
            }
    }

    /// Hands over what was fetched last.
    ///   scales  [rows]; for Fp8
    __device__ void put(uint4* stage, const InputScale* scales) const {
        scales += first_;
        switch (product_.format) {
        case ProductFormat::Plain:
            return putAs<ProductFormat::Plain>(stage, scales);
        case ProductFormat::Fp8:
            return putAs<ProductFormat::Fp8>(stage, scales);
        case ProductFormat::Fp8Weights:
            return putAs<ProductFormat::Fp8Weights>(stage, scales);
        }
    }

private:
    template <ProductFormat kFormat>
    __device__ void putAs(uint4* stage, const InputScale* scales) const {
        const int lane = threadIdx.x % 32;
#pragma unroll
        for (int row = 0; row < kRows; ++row)
            if (row < rows_) {
                if constexpr (kFormat == ProductFormat::Fp8)
                    word<kFormat>(stage, first_ + row, lane) =
                        scales[row].quantise(raw_[row].x, raw_[row].y);
                else if constexpr (kFormat == ProductFormat::Plain)
                    word<kFormat>(stage, first_ + row, lane) = raw_[row].x;
                else
                    *reinterpret_cast<uint2*>(&word<kFormat>(stage, first_ + row, lane * 2)) =
                        raw_[row];
            }
    }
    template <ProductFormat kFormat>
    __device__ static uint32_t& word(uint4* stage, int row, int index) {
        return reinterpret_cast<uint32_t*>(
            &stage[SkinnyStage<kFormat>::place(row, index / 4)])[index % 4];
    }

    const SkinnyProduct& product_;
    const int first_;
    const int rows_; ///< from there on
    uint2 raw_[kRows] = {};
};

} // namespace lapidary::kernels::cuda
