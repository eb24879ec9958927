#pragma once

// y = W x for 1 to 16 rows: bound by reading W once.
//
// The weights are the A operand of the MMA, the rows of x its eight columns; rows 9 to 16 are a
// second set of columns. So a row's bits never depend on its neighbours, and 1 to 8 rows are the
// same instructions.
//
//   tile    32 channels: two A operands that share what is read of x. Of a gated product 16
//           channels of gate and the same 16 of up.
//   piece   64 bytes of each channel of a tile: a step of a warp, 2 KiB. A lane copies 16 bytes of
//           channels g, g + 8, g + 16, g + 24 into shared memory that nobody else reads, so a warp
//           waits for its own copies and for nothing else. A dot product may take its terms in any
//           order as long as both operands take the same: no weight is rearranged at load, and
//           cuBLASLt reads the same memory in prefill.
//   block   the eight warps take neighbouring pieces, 512 bytes of a row at about the same time,
//           and their sums of a tile are added in the order of the warps.
//   card    one block a multiprocessor. All pieces, tile after tile, are cut into as many equal
//           ranges as there are blocks; where a cut goes through a tile, the block that comes last
//           adds the blocks' sums in their order. The cuts depend on the shape and the card alone.
//
// In flight: 8 warps · 5 pieces · 2 KiB = 80 KiB a multiprocessor (an H200 needs about 40), begun
// before the kernel that makes x has ended; with the 17 KiB of sums two such kernels fit side by
// side on 228 KiB, and one on the 99 KiB of the smaller cards.
#include "cuda/arch/dependent_launch.cuh"
#include "cuda/arch/fp8.cuh"
#include "cuda/device_math.cuh"
#include "cuda/skinny.h"

#include <algorithm>

namespace lapidary::kernels::cuda {

constexpr int kSkinnyWarps = 8;
constexpr int kSkinnyThreads = kSkinnyWarps * 32;
constexpr int kTileChannels = 32;
constexpr int kPieceBytes = 64; // of a channel
constexpr int kDepth = 5;       // pieces in flight a warp

enum class SkinnyOutput : std::uint8_t { Halves, Logits, Gated };

struct SkinnyLaunch {
    SkinnyProduct product;
    SkinnyWorkspace workspace;
    int tiles = 0;
    int tilesBefore[3] = {}; ///< of the segments before
    float cap = 0;
    float* largest = nullptr; ///< of what a gated product makes
};

template <int kSets>
struct SkinnyShared {
    uint4 ring[kSkinnyWarps][kDepth][4][32];
    float sums[kSkinnyWarps][kSets * 8][kTileChannels + 1];
    float scales[16];
    bool last;
};

constexpr int weightBytes(ProductFormat format) {
    return format == ProductFormat::Plain ? 2 : 1;
}

/// The share of one block: pieces [begin, end) of all tiles one after another.
struct SkinnyRange {
    int64_t begin, end;

    __device__ static SkinnyRange of(int64_t total, int block, int blocks) {
        return {total * block / blocks, total * (block + 1) / blocks};
    }
    /// The block whose range holds `piece`.
    __device__ static int blockOf(int64_t piece, int64_t total, int blocks) {
        return static_cast<int>(((piece + 1) * blocks - 1) / total);
    }
};

/// Walks a warp's pieces ahead of the computation and starts their copies.
template <ProductFormat kFormat, SkinnyOutput kOutput>
class SkinnyCopies {
public:
    __device__ SkinnyCopies(const SkinnyLaunch& launch, const SkinnyRange& range, int pieces,
                            uint4 (*ring)[4][32])
        : launch_(launch)
        , end_(range.end)
        , pieces_(pieces)
        , rowBytes_(int64_t(launch.product.columns) * weightBytes(kFormat))
        , ring_(static_cast<uint32_t>(__cvta_generic_to_shared(ring)) + threadIdx.x % 32 * 16)
        , tile_(static_cast<int>(range.begin / pieces)) {
        // Weights pass through once: do not let them push anything out of the L2.
        asm volatile("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy_));
        enterTile(static_cast<int>(range.begin % pieces));
    }

    /// Starts the next piece's copies into `slot`; nothing when there is none. One group a call.
    __device__ void next(int slot) {
        while (piece_ >= tileEnd_ && more_) {
            ++tile_;
            enterTile(0);
        }
        if (more_) {
            const int64_t at = int64_t(piece_) * kPieceBytes + threadIdx.x % 4 * 16;
            const int bytes = at < rowBytes_ ? 16 : 0; // beyond the row: zeros
#pragma unroll
            for (int part = 0; part < 4; ++part)
                asm volatile(
                    "cp.async.cg.shared.global.L2::cache_hint [%0], [%1], 16, %2, %3;" ::"r"(
                        ring_ + (slot * 4 + part) * 512),
                    "l"(rows_[part] + (bytes ? at : 0)), "r"(bytes), "l"(policy_)
                    : "memory");
            piece_ += kSkinnyWarps;
        }
        asm volatile("cp.async.commit_group;" ::: "memory");
    }

private:
    __device__ void enterTile(int first) {
        const int64_t before = int64_t(tile_) * pieces_;
        more_ = before + first < end_;
        piece_ = first + threadIdx.x / 32;
        tileEnd_ = static_cast<int>(min(int64_t(pieces_), end_ - before));
        if (!more_)
            return;
        const SkinnyProduct& p = launch_.product;
        const int g = threadIdx.x % 32 / 4;
        if constexpr (kOutput == SkinnyOutput::Gated) {
#pragma unroll
            for (int part = 0; part < 4; ++part)
                rows_[part] = row(p.segments[part / 2], tile_ * 16 + part % 2 * 8 + g);
        } else {
            int segment = 0;
            while (segment + 1 < p.segmentCount && tile_ >= launch_.tilesBefore[segment + 1])
                ++segment;
            const int channel = (tile_ - launch_.tilesBefore[segment]) * kTileChannels;
#pragma unroll
            for (int part = 0; part < 4; ++part)
                rows_[part] = row(p.segments[segment], channel + part * 8 + g);
        }
    }
    const __device__ char* row(const SkinnySegment& segment, int channel) const {
        return static_cast<const char*>(segment.w)
               + int64_t(min(channel, segment.channels - 1)) * rowBytes_;
    }

    const SkinnyLaunch& launch_;
    const int64_t end_;
    const int pieces_;
    const int64_t rowBytes_;
    const uint32_t ring_;
    uint64_t policy_ = 0;
    int tile_;
    int piece_ = 0;
    int tileEnd_ = 0;
    bool more_ = false;
    const char* rows_[4] = {};
};

/// A warp's sums of a tile: two A operands by kSets sets of eight rows.
template <ProductFormat kFormat, int kSets>
struct SkinnySums {
    float c[2][kSets][4] = {};

    static constexpr int kColumns = kPieceBytes / weightBytes(kFormat) / 4; // of a lane

    /// A lane's share of x in a piece; asked for while the weights are still on their way.
    struct Input {
        uint4 x[kSets][kColumns / 8] = {};

        __device__ Input(const SkinnyProduct& p, int piece) {
            const int g = threadIdx.x % 32 / 4;
            const int64_t k = (int64_t(piece) * 4 + threadIdx.x % 4) * kColumns;
#pragma unroll
            for (int set = 0; set < kSets; ++set)
                if (set * 8 + g < p.rows && k < p.columns) {
                    const auto* from =
                        reinterpret_cast<const uint4*>(p.x + int64_t(set * 8 + g) * p.columns + k);
#pragma unroll
                    for (int i = 0; i < kColumns / 8; ++i)
                        x[set][i] = from[i];
                }
        }
    };

    __device__ void add(const uint4 (&w)[4], const Input& input,
                        const InputScale (&scales)[kSets]) {
#pragma unroll
        for (int set = 0; set < kSets; ++set) {
            const auto& x = input.x[set];
            if constexpr (kFormat == ProductFormat::Plain) {
#pragma unroll
                for (int a = 0; a < 2; ++a) {
                    const uint4& low = w[2 * a];
                    const uint4& high = w[2 * a + 1];
                    multiplyBf16(c[a][set], low.x, high.x, low.y, high.y, x[0].x, x[0].y);
                    multiplyBf16(c[a][set], low.z, high.z, low.w, high.w, x[0].z, x[0].w);
                }
            } else if constexpr (kFormat == ProductFormat::Fp8) {
                const InputScale& s = scales[set];
                const uint32_t q[4] = {s.quantise(x[0].x, x[0].y), s.quantise(x[0].z, x[0].w),
                                       s.quantise(x[1].x, x[1].y), s.quantise(x[1].z, x[1].w)};
#pragma unroll
                for (int a = 0; a < 2; ++a) {
                    const uint4& low = w[2 * a];
                    const uint4& high = w[2 * a + 1];
                    // Tensor cores keep few bits of a long sum of e4m3: 64 columns at most.
                    float fresh[4] = {};
                    multiplyFp8(fresh, low.x, high.x, low.y, high.y, q[0], q[1]);
                    multiplyFp8(fresh, low.z, high.z, low.w, high.w, q[2], q[3]);
#pragma unroll
                    for (int i = 0; i < 4; ++i)
                        c[a][set][i] += fresh[i];
                }
            } else {
                const uint32_t b[8] = {x[0].x, x[0].y, x[0].z, x[0].w,
                                       x[1].x, x[1].y, x[1].z, x[1].w};
#pragma unroll
                for (int a = 0; a < 2; ++a) {
                    const uint32_t low[4] = {w[2 * a].x, w[2 * a].y, w[2 * a].z, w[2 * a].w};
                    const uint32_t high[4] = {w[2 * a + 1].x, w[2 * a + 1].y, w[2 * a + 1].z,
                                              w[2 * a + 1].w};
#pragma unroll
                    for (int i = 0; i < 4; ++i)
                        multiplyBf16(c[a][set], widenLowPair(low[i]), widenLowPair(high[i]),
                                     widenHighPair(low[i]), widenHighPair(high[i]), b[2 * i],
                                     b[2 * i + 1]);
                }
            }
        }
    }

    /// Fragment c: channel g holds c0 (row 2t), c1 (2t + 1); channel g + 8 holds c2, c3.
    __device__ void put(float (*sums)[kTileChannels + 1]) {
        const int g = threadIdx.x % 32 / 4;
        const int t = threadIdx.x % 4;
#pragma unroll
        for (int a = 0; a < 2; ++a)
#pragma unroll
            for (int set = 0; set < kSets; ++set) {
                float(&f)[4] = c[a][set];
                sums[set * 8 + 2 * t][a * 16 + g] = f[0];
                sums[set * 8 + 2 * t + 1][a * 16 + g] = f[1];
                sums[set * 8 + 2 * t][a * 16 + g + 8] = f[2];
                sums[set * 8 + 2 * t + 1][a * 16 + g + 8] = f[3];
                f[0] = f[1] = f[2] = f[3] = 0;
            }
    }
};

/// What a tile's sums become. `sum(row, channel of the tile)`.
template <ProductFormat kFormat, SkinnyOutput kOutput, int kSets, class Sum>
__device__ void writeTile(const SkinnyLaunch& launch, int tile, const float* inputScales, Sum sum) {
    const SkinnyProduct& p = launch.product;
    const auto scaled = [&](const SkinnySegment& segment, int row, int channel, float value) {
        if constexpr (kFormat == ProductFormat::Plain)
            return value;
        else if constexpr (kFormat == ProductFormat::Fp8)
            return value * (inputScales[row] * segment.scales[channel]);
        else
            return value * segment.scales[channel];
    };
    if constexpr (kOutput == SkinnyOutput::Gated) {
        for (int i = threadIdx.x; i < kSets * 8 * 16; i += kSkinnyThreads) {
            const int row = i / 16;
            const int channel = tile * 16 + i % 16;
            float magnitude = 0;
            if (row < p.rows && channel < p.segments[0].channels) {
                const float gate = scaled(p.segments[0], row, channel, sum(row, i % 16));
                const float up = scaled(p.segments[1], row, channel, sum(row, 16 + i % 16));
                // As if gate and up had been stored: the processor's steps round there too.
                const float value = gelu(toFloat(toBits(gate))) * toFloat(toBits(up));
                const Bf16 bits = toBits(value);
                static_cast<Bf16*>(
                    p.segments[0].y)[int64_t(row) * p.segments[0].channels + channel] = bits;
                magnitude = fabsf(toFloat(bits));
            }
#pragma unroll
            for (int offset = 8; offset > 0; offset /= 2)
                magnitude = fmaxf(magnitude, __shfl_xor_sync(~0U, magnitude, offset));
            if (i % 16 == 0 && row < p.rows)
                launch.largest[int64_t(row) * launch.tiles + tile] = magnitude;
        }
    } else {
        int at = 0;
        while (at + 1 < p.segmentCount && tile >= launch.tilesBefore[at + 1])
            ++at;
        const SkinnySegment& segment = p.segments[at];
        const int first = (tile - launch.tilesBefore[at]) * kTileChannels;
        for (int i = threadIdx.x; i < p.rows * kTileChannels; i += kSkinnyThreads) {
            const int row = i / kTileChannels;
            const int channel = first + i % kTileChannels;
            if (channel >= segment.channels)
                continue;
            const float value = scaled(segment, row, channel, sum(row, i % kTileChannels));
            const int64_t to = int64_t(row) * segment.channels + channel;
            if constexpr (kOutput == SkinnyOutput::Halves)
                static_cast<Bf16*>(segment.y)[to] = toBits(value);
            else
                static_cast<float*>(segment.y)[to] =
                    launch.cap > 0 ? launch.cap * tanhf(value / launch.cap) : value;
        }
    }
}

template <ProductFormat kFormat, SkinnyOutput kOutput, int kSets>
__global__ void __launch_bounds__(kSkinnyThreads, 2)
    skinnyKernel(const __grid_constant__ SkinnyLaunch launch) {
    extern __shared__ uint4 memory[];
    auto& shared = *reinterpret_cast<SkinnyShared<kSets>*>(memory);
    startDependents();

    const SkinnyProduct& p = launch.product;
    const int warp = threadIdx.x / 32;
    const int lane = threadIdx.x % 32;
    constexpr int kColumns = kPieceBytes / weightBytes(kFormat);
    const int pieces = (p.columns + kColumns - 1) / kColumns;
    const int64_t total = int64_t(launch.tiles) * pieces;
    const int blocks = static_cast<int>(gridDim.x);
    const int block = static_cast<int>(blockIdx.x);
    const SkinnyRange range = SkinnyRange::of(total, block, blocks);
    SkinnyCopies<kFormat, kOutput> copies(launch, range, pieces, shared.ring[warp]);
    for (int slot = 0; slot < kDepth; ++slot)
        copies.next(slot);

    waitForPrevious();
    InputScale scales[kSets] = {};
    if constexpr (kFormat == ProductFormat::Fp8) {
        for (int row = warp; row < p.rows; row += kSkinnyWarps) {
            float largest = 0;
            for (int i = lane; i < p.pieces; i += 32)
                largest = fmaxf(largest, p.largest[int64_t(row) * p.pieces + i]);
            largest = warpMax(largest);
            if (lane == 0)
                shared.scales[row] = InputScale::of(largest).scale;
        }
        __syncthreads();
#pragma unroll
        for (int set = 0; set < kSets; ++set) {
            const int row = set * 8 + lane / 4;
            scales[set].scale = row < p.rows ? shared.scales[row] : 1.0F;
            scales[set].inverse = 1.0F / scales[set].scale;
        }
    }

    SkinnySums<kFormat, kSets> sums;
    const int firstTile = static_cast<int>(range.begin / pieces);
    int slot = 0;
    for (int tile = firstTile; int64_t(tile) * pieces < range.end; ++tile) {
        const int64_t before = int64_t(tile) * pieces;
        const int first = static_cast<int>(max(range.begin - before, int64_t(0)));
        const int last = static_cast<int>(min(range.end - before, int64_t(pieces)));
        for (int piece = first + warp; piece < last; piece += kSkinnyWarps) {
            const typename SkinnySums<kFormat, kSets>::Input input(p, piece);
            asm volatile("cp.async.wait_group %0;" ::"n"(kDepth - 1) : "memory");
            uint4 w[4];
#pragma unroll
            for (int part = 0; part < 4; ++part)
                w[part] = shared.ring[warp][slot][part][lane];
            sums.add(w, input, scales);
            copies.next(slot);
            slot = slot + 1 == kDepth ? 0 : slot + 1;
        }

        __syncthreads(); // the sums of the tile before have been read
        sums.put(shared.sums[warp]);
        __syncthreads();
        const auto own = [&](int row, int channel) {
            float sum = shared.sums[0][row][channel];
#pragma unroll
            for (int part = 1; part < kSkinnyWarps; ++part)
                sum += shared.sums[part][row][channel];
            return sum;
        };
        if (first == 0 && last == pieces) {
            writeTile<kFormat, kOutput, kSets>(launch, tile, shared.scales, own);
            continue;
        }
        // Shared with other blocks: a block shares its first tile, its last one, or both.
        const int firstBlock = SkinnyRange::blockOf(before, total, blocks);
        const int lastBlock = SkinnyRange::blockOf(before + pieces - 1, total, blocks);
        constexpr int kSlot = 16 * kTileChannels;
        const auto slotOf = [&](int other) {
            const int64_t begin = SkinnyRange::of(total, other, blocks).begin;
            return launch.workspace.partials
                   + (2 * other + (begin / pieces == tile ? 0 : 1)) * kSlot;
        };
        float* const mine = slotOf(block);
        for (int i = threadIdx.x; i < p.rows * kTileChannels; i += kSkinnyThreads)
            __stcg(mine + i, own(i / kTileChannels, i % kTileChannels));
        __threadfence();
        __syncthreads();
        if (threadIdx.x == 0) {
            unsigned* const arrived = launch.workspace.arrived + firstBlock;
            shared.last = atomicAdd(arrived, 1U) == static_cast<unsigned>(lastBlock - firstBlock);
            if (shared.last)
                *arrived = 0;
            __threadfence();
        }
        __syncthreads();
        if (shared.last)
            writeTile<kFormat, kOutput, kSets>(
                launch, tile, shared.scales, [&](int row, int channel) {
                    float sum = 0;
                    for (int other = firstBlock; other <= lastBlock; ++other)
                        sum += __ldcg(slotOf(other) + row * kTileChannels + channel);
                    return sum;
                });
    }
}

template <ProductFormat kFormat, SkinnyOutput kOutput>
void launchSkinny(SkinnyLaunch launch, cudaStream_t stream) {
    constexpr int kColumns = kPieceBytes / weightBytes(kFormat);
    launch.tiles = 0;
    if constexpr (kOutput == SkinnyOutput::Gated) {
        launch.tiles = gatedPieces(launch.product.segments[0].channels);
    } else {
        for (int s = 0; s < launch.product.segmentCount; ++s) {
            launch.tilesBefore[s] = launch.tiles;
            launch.tiles +=
                (launch.product.segments[s].channels + kTileChannels - 1) / kTileChannels;
        }
    }
    // A block has at least four pieces a warp: fewer would not pay for adding up.
    const std::int64_t pieces = (launch.product.columns + kColumns - 1) / kColumns;
    const std::int64_t blocks = std::clamp<std::int64_t>(launch.tiles * pieces / (4 * kSkinnyWarps),
                                                         1, launch.workspace.multiprocessors);
    const auto run = [&]<int kSets>() {
        const auto kernel = skinnyKernel<kFormat, kOutput, kSets>;
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             sizeof(SkinnyShared<kSets>));
        launchDependent(kernel, dim3(static_cast<unsigned>(blocks)), dim3(kSkinnyThreads),
                        sizeof(SkinnyShared<kSets>), stream, launch);
    };
    if (launch.product.rows <= 8)
        run.template operator()<1>();
    else
        run.template operator()<2>();
}

/// One source a format instantiates this.
template <ProductFormat kFormat>
void runSkinny(SkinnyOutput output, const SkinnyLaunch& launch, cudaStream_t stream) {
    switch (output) {
    case SkinnyOutput::Halves:
        return launchSkinny<kFormat, SkinnyOutput::Halves>(launch, stream);
    case SkinnyOutput::Logits:
        return launchSkinny<kFormat, SkinnyOutput::Logits>(launch, stream);
    case SkinnyOutput::Gated:
        return launchSkinny<kFormat, SkinnyOutput::Gated>(launch, stream);
    }
}
extern template void runSkinny<ProductFormat::Plain>(SkinnyOutput, const SkinnyLaunch&,
                                                     cudaStream_t);
extern template void runSkinny<ProductFormat::Fp8>(SkinnyOutput, const SkinnyLaunch&, cudaStream_t);
extern template void runSkinny<ProductFormat::Fp8Weights>(SkinnyOutput, const SkinnyLaunch&,
                                                          cudaStream_t);

} // namespace lapidary::kernels::cuda
