#pragma once

// The arithmetic of a skinny product: a warp's sums of one tile.
#include "cuda/arch/warpgroup.cuh"
#include "cuda/skinny_input.cuh"

namespace lapidary::kernels::cuda {

/// Where the sum of a row and a channel stands, so that neither leaving fragments nor reading a row
/// meets a busy bank.
__device__ __forceinline__ int sumPlace(int row, int channel) {
    return channel ^ (row / 2 % 4) << 3;
}

/// The channel of a step in which the warp's tile begins.
__device__ __forceinline__ int firstOfTile(bool gated) {
    return static_cast<int>(threadIdx.x / 32) * (gated ? kTileChannels / 2 : kTileChannels);
}

/// Two A operands of 16 channels by kSets B operands of eight rows.
template <int kSets>
class SkinnySums {
public:
    /// Adds a step: the warp's tile times its piece of x.
    template <ProductFormat kFormat>
    __device__ void add(const SkinnyStep& weights, bool gated, const uint4* stage) {
        if constexpr (together(kFormat))
            addTogether<kFormat>(weights, gated, stage);
        else
            addAlone<kFormat>(weights, gated, stage);
    }

    /// Fragment c: a channel holds c0 (row 2t), c1 (2t + 1), and another of its operand c2, c3.
    __device__ void put(float (*sums)[kTileChannels], bool alternate) {
        const int g = threadIdx.x % 32 / 4;
        const int t = threadIdx.x % 4;
        const int operand = alternate ? 8 : 16;
        const int lower = alternate ? 16 : 8;
#pragma unroll
        for (int a = 0; a < 2; ++a)
#pragma unroll
            for (int set = 0; set < kSets; ++set)
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    const int row = set * 8 + 2 * t + i % 2;
                    sums[row][sumPlace(row, a * operand + g + i / 2 * lower)] =
                        c_[0][a][set][i] + c_[1][a][set][i];
                    c_[0][a][set][i] = c_[1][a][set][i] = 0;
                }
    }

    /// Whether each operand has every other eight channels, not every other sixteen.
    __device__ static bool alternates(ProductFormat format, bool gated) {
        return together(format) && !gated;
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
    /// Whether four warps do a step at once. No card multiplies e4m3 with bf16.
    __host__ __device__ static constexpr bool together(ProductFormat format) {
        return kWarpgroups && format != ProductFormat::Fp8Weights;
    }

    /// Lane (g, t) multiplies chunks 2t and 2t + 1 of its channels with the same columns of its
    /// row. A sum may take its terms in any order as long as both operands take the same.
    template <ProductFormat kFormat>
    __device__ void addAlone(const SkinnyStep& weights, bool gated, const uint4* stage) {
        const int first = firstOfTile(gated);
        const int second = first + (gated ? kBoxChannels : kTileChannels / 2);
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

    /// The same for four warps at once, whose tiles follow one another. An operand has 16 channels
    /// of each warp: those of the first half and of the second of a gated product, and of any other
    /// every other eight. Within one instruction and those that go on with its sums few bits are
    /// kept of e4m3, so these begin anew at each piece.
    template <ProductFormat kFormat>
    __device__ void addTogether(const SkinnyStep& weights, bool gated, const uint4* stage) {
        const int group = threadIdx.x / 128;
        const uint32_t from = sharedAddress(
            weights.chunks[group * (gated ? kBoxChannels / 2 : SkinnyStep::kChannels / 2)]);
        const uint32_t eight = gated ? 1024 : 2048;
        const uint64_t x = panelOfRows(sharedAddress(stage));
        const uint64_t a[2] = {
            panelOfRows(from, eight),
            panelOfRows(from + (gated ? kBoxChannels * kPieceBytes : 1024), eight)};
        float c[2][4 * kSets];
        orderRegisters();
#pragma unroll
        for (int k = 0; k < kPieceBytes / 32; ++k)
#pragma unroll
            for (int i = 0; i < 2; ++i)
                if constexpr (kFormat == ProductFormat::Fp8)
                    multiplyFewCodes(c[i], a[i] + 2 * k, x + 2 * k, k > 0);
                else
                    multiplyFew(c[i], a[i] + 2 * k, x + 2 * k, k > 0);
        commitProducts();
        waitProducts<0>();
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            hold(c[i]);
#pragma unroll
            for (int j = 0; j < 4 * kSets; ++j)
                c_[0][i][j / 4][j % 4] += c[i][j];
        }
    }

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
