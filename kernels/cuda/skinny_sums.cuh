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
template <int kSets>
class SkinnySums {
public:
    /// Lane (g, t) multiplies chunks 2t and 2t + 1 of its channels with the same columns of its
    /// row. A sum may take its terms in any order as long as both operands take the same.
    ///   first  channel of the step in which the warp's tile begins, and of its second half
    template <ProductFormat kFormat>
    __device__ void add(const SkinnyStep& weights, int first, int second, const uint4* stage) {
        const int g = threadIdx.x % 32 / 4;
        const int t = threadIdx.x % 4;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int chunk = 2 * t + half;
            uint32_t x[kSets][words(kFormat)];
#pragma unroll
            for (int set = 0; set < kSets; ++set)
                read<kFormat>(x[set], stage, set * 8 + g, chunk);
#pragma unroll
            for (int a = 0; a < 2; ++a) {
                const int channel = (a == 0 ? first : second) + g;
                const int place = SkinnyStep::place(g, chunk);
                multiply<kFormat>(c_[half][a], weights.chunks[channel][place],
                                  weights.chunks[channel + 8][place], x);
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

    /// Words of x that meet a chunk of weights.
    static constexpr int words(ProductFormat format) {
        return format == ProductFormat::Fp8Weights ? 8 : 4;
    }

    /// c += a lane's chunks of the channels g and g + 8 times the same columns of x.
    template <ProductFormat kFormat>
    __device__ static void multiply(float (&c)[kSets][4], const uint4& low, const uint4& high,
                                    const uint32_t (&x)[kSets][words(kFormat)]) {
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
            for (int i = 0; i < 4; i += 2)
#pragma unroll
                for (int set = 0; set < kSets; ++set)
                    multiplyCodes(c[set], l[i], h[i], l[i + 1], h[i + 1], x[set][i], x[set][i + 1]);
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

private:
    template <ProductFormat kFormat>
    __device__ static void read(uint32_t (&x)[words(kFormat)], const uint4* stage, int row,
                                int chunk) {
        constexpr int kChunks = kFormat == ProductFormat::Fp8Weights ? 2 : 1;
#pragma unroll
        for (int i = 0; i < kChunks; ++i) {
            const uint4 four = stage[SkinnyStage<kFormat>::place(row, chunk * kChunks + i)];
            const uint32_t words[4] = {four.x, four.y, four.z, four.w};
#pragma unroll
            for (int word = 0; word < 4; ++word)
                x[4 * i + word] = words[word];
        }
    }

    float c_[2][2][kSets][4] = {}; ///< of the halves of pieces apart: shorter chains of sums
};

} // namespace lapidary::kernels::cuda
