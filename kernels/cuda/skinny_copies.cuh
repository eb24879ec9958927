#pragma once

// The weights' way into shared memory. See skinny_kernel.cuh for tiles, pieces and ranges.
#include "cuda/skinny.h"
#include "cuda/tensor_core.cuh"

namespace lapidary::kernels::cuda {

constexpr int kSkinnyWarps = 8;
constexpr int kTileChannels = 32; // of a warp
constexpr int kPieceBytes = 128;  // of a channel

struct SkinnyLaunch {
    SkinnyProduct product;
    SkinnyWorkspace workspace;
    int tiles = 0;
    int tilesBefore[3] = {}; ///< of the segments before
    float cap = 0;
#ifdef STAMPS
    int stamp = 0;
#endif
    float* largest = nullptr; ///< of what a gated product makes
};

/// The share of one block: steps [begin, end) of all groups of tiles one after another.
struct SkinnyRange {
    int begin, end;

    __device__ static int beginOf(int total, int block, int blocks) {
        return static_cast<int>(static_cast<unsigned>(total) * block / blocks);
    }
    __device__ static SkinnyRange of(int total, int block, int blocks) {
        return {beginOf(total, block, blocks), beginOf(total, block + 1, blocks)};
    }
    /// The block whose range holds `step`.
    __device__ static int blockOf(int step, int total, int blocks) {
        return static_cast<int>(((static_cast<unsigned>(step) + 1) * blocks - 1) / total);
    }
};

/// A piece in shared memory: 128 bytes of each of 32 channels. A lane that reads two chunks of 16
/// bytes finds them in banks of their own, because odd channels have their halves exchanged.
struct SkinnyPiece {
    uint4 chunks[kTileChannels][kPieceBytes / 16];

    __device__ static int place(int channel, int chunk) { return chunk ^ (channel & 1) << 2; }
};

/// The segment of a product that is not gated which `tile` belongs to.
__device__ __forceinline__ int segmentOf(const SkinnyLaunch& launch, int tile) {
    int at = 0;
    while (at + 1 < launch.product.segmentCount && tile >= launch.tilesBefore[at + 1])
        ++at;
    return at;
}

/// Walks a warp's pieces ahead of the computation and starts their copies.
///   kGated  tiles are 16 channels of segment 0 and the same 16 of segment 1
template <int kWeightBytes, bool kGated>
class SkinnyCopies {
public:
    __device__ SkinnyCopies(const SkinnyLaunch& launch, const SkinnyRange& range, int pieces,
                            SkinnyPiece* ring)
        : launch_(launch)
        , pieces_(pieces)
        , rowBytes_(launch.product.columns * kWeightBytes)
        , left_(range.end - range.begin)
        , tile_(range.begin / pieces * kSkinnyWarps + static_cast<int>(threadIdx.x) / 32)
        , piece_(range.begin % pieces) {
        const int lane = threadIdx.x % 32;
        // Eight lanes copy 128 bytes of one channel, and the channels of a lane are equally odd.
        const int channel = lane / 8;
        to_ = sharedAddress(&ring->chunks[channel][SkinnyPiece::place(channel, lane % 8)]);
        // Weights pass through once: do not let them push anything out of the L2.
        asm volatile("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy_));
        enterTile();
    }

    /// Starts the copies of the next piece, or of none when there is none left, as one group.
    __device__ void next(int slot) {
        if (left_ > 0 && tile_ < launch_.tiles) {
            const int at = piece_ * kPieceBytes + static_cast<int>(threadIdx.x) % 8 * 16;
            const int bytes = at < rowBytes_ ? 16 : 0; // beyond the row: zeros
            const uint32_t to = to_ + slot * static_cast<int>(sizeof(SkinnyPiece));
#pragma unroll
            for (int part = 0; part < 8; ++part)
                asm volatile(
                    "cp.async.cg.shared.global.L2::cache_hint [%0], [%1], 16, %2, %3;" ::"r"(
                        to + part * 4 * kPieceBytes),
                    "l"(base_[part / 4] + (rows_[part] + (bytes ? at : 0))), "r"(bytes),
                    "l"(policy_)
                    : "memory");
            advance();
        }
        commitCopies();
    }

    /// Asks for the next piece to be brought into the L2; `next` of this walk will not copy it.
    __device__ void prefetch() {
        if (left_ <= 0 || tile_ >= launch_.tiles)
            return;
        const int lane = threadIdx.x % 32; // 128 bytes of a channel
        const int row = kGated ? lane % 16 : lane;
        const char* const from = (kGated && lane >= 16 ? base_[1] : base_[0])
                                 + (min(row, valid_ - 1) * rowBytes_ + piece_ * kPieceBytes);
        asm volatile("prefetch.global.L2 [%0];" ::"l"(from) : "memory");
        advance();
    }

private:
    __device__ void advance() {
        --left_;
        if (++piece_ < pieces_)
            return;
        piece_ = 0;
        tile_ += kSkinnyWarps;
        enterTile();
    }

    __device__ void enterTile() {
        if (tile_ >= launch_.tiles)
            return;
        const SkinnyProduct& p = launch_.product;
        const int row = threadIdx.x % 32 / 8;
        if constexpr (kGated) {
            const int first = tile_ * (kTileChannels / 2);
            valid_ = p.segments[0].channels - first;
            base_[0] = rowsFrom(p.segments[0], first);
            base_[1] = rowsFrom(p.segments[1], first);
        } else {
            const int at = segmentOf(launch_, tile_);
            const int first = (tile_ - launch_.tilesBefore[at]) * kTileChannels;
            valid_ = p.segments[at].channels - first;
            base_[0] = base_[1] = rowsFrom(p.segments[at], first);
        }
#pragma unroll
        for (int part = 0; part < 8; ++part) // beyond the matrix: its last channel again
            rows_[part] = min((kGated ? part % 4 : part) * 4 + row, valid_ - 1) * rowBytes_;
    }
    const __device__ char* rowsFrom(const SkinnySegment& segment, int channel) const {
        return static_cast<const char*>(segment.w) + int64_t(channel) * rowBytes_;
    }

    const SkinnyLaunch& launch_;
    const int pieces_;
    const int rowBytes_;
    int left_;
    int tile_;
    int piece_;
    int valid_ = 0; ///< channels of the tile that there are, and more
    uint32_t to_;
    uint64_t policy_ = 0;
    const char* base_[2] = {};
    int rows_[8] = {};
};

} // namespace lapidary::kernels::cuda
