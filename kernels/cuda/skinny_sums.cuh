#pragma once

// The arithmetic of a skinny product: a warp's sums of one tile.
#include "cuda/skinny_input.cuh"

namespace lapidary::kernels::cuda {

/// Where the sum of a row and a channel stands, so that neither leaving fragments nor reading a row
/// meets a busy bank.
__device__ __forceinline__ int sumPlace(int row, int channel) {
    return channel ^ (row / 2 % 4) << 3;
}

/// Two A operands of 16 channels by kSets B operands of eight rows.
template <ProductFormat kFormat, int kSets>
class SkinnySums {
public:
    using Stage = SkinnyStage<kFormat, kSets * 8>;

    /// Lane (g, t) multiplies chunks t and t + 4 of its channels with the same columns of its row.
    /// A sum may take its terms in any order as long as both operands take the same.
    __device__ void add(const SkinnyPiece& piece, const Stage& stage) {
        const int g = threadIdx.x % 32 / 4;
        const int t = threadIdx.x % 4;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int chunk = t + half * 4;
            uint32_t x[kSets][kWords];
#pragma unroll
            for (int set = 0; set < kSets; ++set)
                read(x[set], stage, set * 8 + g, chunk);
#pragma unroll
            for (int a = 0; a < 2; ++a) {
                const int channel = a * 16 + g; // and channel + 8, which is as odd
                const int place = SkinnyPiece::place(channel, chunk);
                multiply(c_[half][a], piece.chunks[channel][place],
                         piece.chunks[channel + 8][place], x);
            }
        }
    }

    /// Fragment c: channel g holds c0 (row 2t), c1 (2t + 1); channel g + 8 holds c2, c3.
    __device__ void put(float (*sums)[kTileChannels]) {
        const int g = threadIdx.x % 32 / 4;
        const int t = threadIdx.x % 4;
#pragma unroll
        for (int a = 0; a < 2; ++a)
#pragma unroll
            for (int set = 0; set < kSets; ++set)
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    const int row = set * 8 + 2 * t + i % 2;
                    sums[row][sumPlace(row, a * 16 + g + i / 2 * 8)] =
                        c_[0][a][set][i] + c_[1][a][set][i];
                    c_[0][a][set][i] = c_[1][a][set][i] = 0;
                }
    }

private:
    /// Pairs of columns that belong to a chunk of weights.
    static constexpr int kWords = kFormat == ProductFormat::Plain ? 4 : 8;

    __device__ static void read(uint32_t (&x)[kWords], const Stage& stage, int row, int chunk) {
        constexpr int kChunks = kFormat == ProductFormat::Fp8Weights ? 2 : 1;
#pragma unroll
        for (int i = 0; i < kChunks; ++i) {
            const uint4 four = stage.chunks[row][Stage::place(row, chunk * kChunks + i)];
            const uint32_t words[4] = {four.x, four.y, four.z, four.w};
#pragma unroll
            for (int word = 0; word < 4; ++word) {
                if constexpr (kFormat == ProductFormat::Fp8) {
                    const HalfPairs pairs(words[word]);
                    x[2 * word] = pairs.first;
                    x[2 * word + 1] = pairs.second;
                } else {
                    x[4 * i + word] = words[word];
                }
            }
        }
    }

    __device__ static void multiply(float (&c)[kSets][4], const uint4& low, const uint4& high,
                                    const uint32_t (&x)[kSets][kWords]) {
        const uint32_t l[4] = {low.x, low.y, low.z, low.w};
        const uint32_t h[4] = {high.x, high.y, high.z, high.w};
        if constexpr (kFormat == ProductFormat::Plain) {
#pragma unroll
            for (int i = 0; i < 4; i += 2)
#pragma unroll
                for (int set = 0; set < kSets; ++set)
                    multiplyBf16(c[set], l[i], h[i], l[i + 1], h[i + 1], x[set][i], x[set][i + 1]);
        } else if constexpr (kFormat == ProductFormat::Fp8) {
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const HalfPairs lower(l[i]);
                const HalfPairs upper(h[i]);
#pragma unroll
                for (int set = 0; set < kSets; ++set)
                    multiplyHalves(c[set], lower.first, upper.first, lower.second, upper.second,
                                   x[set][2 * i], x[set][2 * i + 1]);
            }
        } else {
#pragma unroll
            for (int i = 0; i < 4; ++i)
#pragma unroll
                for (int set = 0; set < kSets; ++set)
                    multiplyBf16(c[set], widenLowPair(l[i]), widenLowPair(h[i]),
                                 widenHighPair(l[i]), widenHighPair(h[i]), x[set][2 * i],
                                 x[set][2 * i + 1]);
        }
    }

    float c_[2][2][kSets][4] = {}; ///< of the halves of pieces apart: shorter chains of sums
};

} // namespace lapidary::kernels::cuda
