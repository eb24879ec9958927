#pragma once

// The arithmetic of a skinny product: a warp's sums of one group.
#include "cuda/arch/warpgroup.cuh"
#include "cuda/skinny_input.cuh"

namespace lapidary::kernels::cuda {

/// Two A operands of 16 channels by kSets B operands of eight rows: of warp w, every other step and
/// the channels 16 (w mod 4) to 15 more of each half of the group.
///   kSingle  one row, chunk after chunk (skinny_row.cuh); otherwise as SkinnyStage places them
template <ProductFormat kFormat, int kSets, bool kSingle = false>
class SkinnySums {
public:
    /// Whether four warps multiply at once. No card multiplies e4m3 with bf16.
    static constexpr bool kTogether = kWarpgroups && kFormat != ProductFormat::Fp8Weights;

    /// Whether four of the eight warps, this one's, take step `step`. So two steps are worked on at
    /// a time, and waiting for one is not waiting for both.
    __device__ static bool takes(int step) { return step % 2 == half(); }

    /// Adds the warp's part of a step.
    ///   x            the first piece of x that it meets, in shared memory
    ///   pieceChunks  from there to the next
    __device__ __forceinline__ void add(const SkinnyStep& step, uint32_t x, int pieceChunks) {
        if constexpr (kTogether)
            addTogether(step, x, pieceChunks);
        else
#pragma unroll
            for (int piece = 0; piece < kStepPieces; ++piece)
                addAlone(step.chunks[piece], static_cast<const uint4*>(__cvta_shared_to_generic(x))
                                                 + piece * pieceChunks);
    }

    /// Leaves the sums, which begin anew, in the memory of a step that nobody reads any more.
    __device__ void put(SkinnyStep& step) {
        const int g = threadIdx.x % 32 / 4;
        const int t = threadIdx.x % 4;
#pragma unroll
        for (int a = 0; a < 2; ++a)
#pragma unroll
            for (int set = 0; set < kSets; ++set)
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    // Fragment c: channel g holds c0 (row 2t), c1 (2t + 1), g + 8 holds c2, c3.
                    *place(step, half(), set * 8 + 2 * t + i % 2, channel(a) + g + i / 2 * 8) =
                        c_[0][a][set][i] + c_[1][a][set][i];
                    c_[0][a][set][i] = c_[1][a][set][i] = 0;
                }
    }

    /// Where the sum of every other step, a row and a channel of the group stands: so that neither
    /// leaving fragments nor reading a row meets a busy bank. Four channels stand together.
    __device__ static float* place(SkinnyStep& step, int half, int row, int channel) {
        auto* const ofWarp = reinterpret_cast<float*>(step.chunks[half][channel / 16 * 16]);
        return ofWarp + row * (kPieceBytes / 4) + (channel % 16 ^ (row / 2 % 4) << 3);
    }

    /// Words of x that meet a chunk of weights.
    static constexpr int kWords = kFormat == ProductFormat::Fp8Weights ? 8 : 4;

    /// c += a lane's chunks of the channels g and g + 8 times the same columns of x.
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
    __device__ static int half() { return static_cast<int>(threadIdx.x / 128); }
    /// The first of operand a.
    __device__ static int channel(int a) {
        return a * (kGroupChannels / 2) + static_cast<int>(threadIdx.x % 128 / 32 * 16);
    }

    /// Lane (g, t) multiplies chunks 2t and 2t + 1 of its channels with the same columns of its
    /// row. A sum may take its terms in any order as long as both operands take the same.
    __device__ void addAlone(const uint4 (&piece)[kGroupChannels][kPieceBytes / 16],
                             const uint4* stage) {
        const int g = threadIdx.x % 32 / 4;
        const int t = threadIdx.x % 4;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int chunk = 2 * t + half;
            uint32_t x[kSets][kWords];
#pragma unroll
            for (int set = 0; set < kSets; ++set)
                read(x[set], stage, set * 8 + g, chunk);
#pragma unroll
            for (int a = 0; a < 2; ++a) {
                const auto* const from = &piece[channel(a) + g];
                const int place = SkinnyStep::place(g, chunk);
                multiply(c_[half][a], from[0][place], from[8][place], x);
            }
        }
    }

    /// The same for four warps at once. Within one instruction and those that go on with its sums
    /// few bits are kept of e4m3, so these begin anew at each piece.
    __device__ void addTogether(const SkinnyStep& step, uint32_t stage, int pieceChunks) {
        // The same in all lanes, which the compiler cannot know.
        const uint32_t rows = __shfl_sync(~0U, stage, 0);
        const uint32_t weights = __shfl_sync(~0U, sharedAddress(step.chunks), 0);
        const uint64_t x = kSingle ? chunksOfRow(rows) : panelOfRows(rows);
        const uint64_t w = panelOfRows(weights);
        constexpr int kHalf = kGroupChannels / 2 * kPieceBytes / 16; // as panels count
        float c[kStepPieces][2][4 * kSets];
        orderRegisters();
#pragma unroll
        for (int k = 0; k < kPieceBytes / 32; ++k)
#pragma unroll
            for (int piece = 0; piece < kStepPieces; ++piece)
#pragma unroll
                for (int a = 0; a < 2; ++a) {
                    const uint64_t from = w + (2 * piece + a) * kHalf + 2 * k;
                    const uint64_t by = x + piece * pieceChunks + 2 * k;
                    if constexpr (kFormat == ProductFormat::Fp8)
                        multiplyFewCodes(c[piece][a], from, by, k > 0);
                    else
                        multiplyFew(c[piece][a], from, by, k > 0);
                }
        commitProducts();
        waitProducts<0>();
#pragma unroll
        for (int piece = 0; piece < kStepPieces; ++piece)
#pragma unroll
            for (int a = 0; a < 2; ++a) {
                hold(c[piece][a]);
#pragma unroll
                for (int j = 0; j < 4 * kSets; ++j)
                    c_[0][a][j / 4][j % 4] += c[piece][a][j];
            }
    }

    __device__ static void read(uint32_t (&x)[kWords], const uint4* stage, int row, int chunk) {
        constexpr int kChunks = kWords / 4;
#pragma unroll
        for (int i = 0; i < kChunks; ++i) {
            const int at = chunk * kChunks + i;
            const uint4 four = stage[kSingle ? at : SkinnyStage<kFormat>::place(row, at)];
            const uint32_t words[4] = {four.x, four.y, four.z, four.w};
#pragma unroll
            for (int word = 0; word < 4; ++word)
                x[4 * i + word] = words[word];
        }
    }

    float c_[2][2][kSets][4] = {}; ///< of the halves of pieces apart: shorter chains of sums
};

} // namespace lapidary::kernels::cuda
