#pragma once

// The way of x to the B operands of a skinny product: a warp fetches one piece of all rows into
// registers, a row at a time by all lanes, and later hands it to the block in shared memory,
// quantised where the format asks for it.
#include "cuda/arch/fp8.cuh"
#include "cuda/skinny_copies.cuh"

namespace lapidary::kernels::cuda {

constexpr int weightBytes(ProductFormat format) {
    return format == ProductFormat::Plain ? 2 : 1;
}
constexpr int pieceColumns(ProductFormat format) {
    return kPieceBytes / weightBytes(format);
}

/// A piece of up to kRows rows of x.
template <ProductFormat kFormat, int kRows>
struct SkinnyStage {
    static constexpr int kBytes = pieceColumns(kFormat) * (kFormat == ProductFormat::Fp8 ? 1 : 2);
    uint4 chunks[kRows][kBytes / 16];

    /// As in SkinnyPiece: a row's neighbour has its chunks in other banks.
    __device__ static int place(int row, int chunk) {
        return chunk ^ (kBytes == 128 ? (row & 1) << 2 : row & 1);
    }
};

template <ProductFormat kFormat, int kRows>
class SkinnyInput {
public:
    using Stage = SkinnyStage<kFormat, kRows>;
    /// A lane's share of a row: 2 or 4 columns.
    static constexpr int kColumns = pieceColumns(kFormat) / 32;

    __device__ explicit SkinnyInput(const SkinnyProduct& product)
        : x_(product.x), rows_(product.rows), columns_(product.columns) {}

    __device__ void fetch(int piece) {
        const int k = piece * pieceColumns(kFormat) + static_cast<int>(threadIdx.x) % 32 * kColumns;
        const bool there = k < columns_;
#pragma unroll
        for (int row = 0; row < kRows; ++row)
            if (row < rows_) {
                const auto* const from = reinterpret_cast<const uint32_t*>(x_ + row * columns_ + k);
                if constexpr (kColumns == 2) {
                    raw_[row][0] = there ? *from : 0;
                } else {
                    const uint2 four =
                        there ? *reinterpret_cast<const uint2*>(from) : make_uint2(0, 0);
                    raw_[row][0] = four.x;
                    raw_[row][1] = four.y;
                }
            }
    }

    /// Hands over what was fetched last.
    ///   scales  [rows]; for Fp8
    __device__ void put(Stage& stage, const InputScale* scales) const {
        const int lane = threadIdx.x % 32;
#pragma unroll
        for (int row = 0; row < kRows; ++row)
            if (row < rows_) {
                if constexpr (kFormat == ProductFormat::Fp8)
                    word(stage, row, lane) = scales[row].quantise(raw_[row][0], raw_[row][1]);
                else
#pragma unroll
                    for (int i = 0; i < kColumns / 2; ++i)
                        word(stage, row, lane * (kColumns / 2) + i) = raw_[row][i];
            }
    }

private:
    __device__ static uint32_t& word(Stage& stage, int row, int index) {
        uint4& chunk = stage.chunks[row][Stage::place(row, index / 4)];
        return reinterpret_cast<uint32_t*>(&chunk)[index % 4];
    }

    const Bf16* const x_;
    const int rows_;
    const int columns_;
    uint32_t raw_[kRows][kColumns / 2] = {};
};

} // namespace lapidary::kernels::cuda
