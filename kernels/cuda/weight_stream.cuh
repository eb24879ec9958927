#pragma once

// The weights' way into shared memory. See skinny_product.cuh for tiles, pieces and ranges.
#include "cuda/arch/tensor_copy.cuh"
#include "cuda/step_barrier.cuh"
#include "cuda/step_phase.h"
#include "cuda/tensor_core.cuh"

namespace lapidary::kernels::cuda {

/// The share of one block: steps [begin, end) of all groups of tiles one after another.
struct SkinnyRange {
    int begin, end;

    __device__ static int beginOf(int total, int block, int blocks) {
        return static_cast<int>(static_cast<unsigned>(total) * block / blocks);
    }
    __device__ static SkinnyRange of(const SkinnyLaunch& launch) {
        const int block = static_cast<int>(blockIdx.x);
        return {beginOf(launch.steps, block, launch.blocks),
                beginOf(launch.steps, block + 1, launch.blocks)};
    }
    /// The block whose range holds `step`.
    __device__ static int blockOf(int step, int total, int blocks) {
        return static_cast<int>(((static_cast<unsigned>(step) + 1) * blocks - 1) / total);
    }
};

/// A step's weights in shared memory: 128 bytes of each of 256 channels, those of tile after tile;
/// of a gated product 128 of gate, then 128 of up. A chunk of 16 bytes stands where the copies of
/// whole boxes put it, so that eight lanes which read every other chunk of two channels find them
/// in banks of their own.
struct SkinnyStep {
    static constexpr int kChannels = kSkinnyWarps * kTileChannels;
    uint4 chunks[kChannels][kPieceBytes / 16];

    __device__ static int place(int channel, int chunk) { return chunk ^ (channel & 7); }
};

/// The segment of a product that is not gated which `tile` belongs to.
__device__ __forceinline__ int segmentOf(const SkinnyLaunch& launch, int tile) {
    int at = 0;
    while (at + 1 < launch.product.segmentCount && tile >= launch.tilesBefore[at + 1])
        ++at;
    return at;
}

/// A phase as copied into shared memory, without its maps.
struct alignas(16) PhaseCopy {
    std::byte bytes[offsetof(StepPhase, maps)];

    /// By threads 0, 1, 2 … of a warp or more; whoever reads it meets them first.
    __device__ void take(const StepPhase& from, int thread) {
        static_assert(sizeof(bytes) % 16 == 0 && sizeof(bytes) <= 32 * 16);
        if (thread < static_cast<int>(sizeof(bytes) / 16))
            reinterpret_cast<uint4*>(bytes)[thread] = reinterpret_cast<const uint4*>(&from)[thread];
    }
    [[nodiscard]] __device__ auto phase() const -> const StepPhase& {
        return *reinterpret_cast<const StepPhase*>(bytes);
    }
};

/// Who copies arrives once for a step, or each lane does.
#if __CUDA_ARCH__ >= 900
inline constexpr int kCopyArrivals = 1;
#else
inline constexpr int kCopyArrivals = 32;
#endif

/// How who copies weights into a ring and who uses them count each slot's turns. Waits are by
/// parity: nobody is more than one turn ahead.
template <int kDepth>
struct RingBarriers {
    uint64_t full[kDepth], empty[kDepth];

    /// One thread; all others meet it before they go on.
    __device__ void begin() {
        for (int slot = 0; slot < kDepth; ++slot) {
            beginBarrier(sharedAddress(&full[slot]), kCopyArrivals);
            beginBarrier(sharedAddress(&empty[slot]), kSkinnyWarps);
        }
    }
};

/// A turn through the slots of a ring.
template <int kDepth>
struct RingTurn {
    int slot = 0;
    unsigned parity = 0;

    __device__ void next() {
        if (++slot == kDepth) {
            slot = 0;
            parity ^= 1;
        }
    }
};

/// A ring of steps in shared memory.
template <int kDepth>
struct WeightRing {
    SkinnyStep* slots; ///< [kDepth], on 1 KiB
    RingBarriers<kDepth>& barriers;
};

/// Between what a thread wrote to shared memory and copies of boxes that take its place.
__device__ __forceinline__ void fenceBoxes() {
#if __CUDA_ARCH__ >= 900
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

/// The side of the warps that use the weights.
template <int kDepth>
class WeightStream {
public:
    __device__ explicit WeightStream(const WeightRing<kDepth>& ring) : ring_(ring) {}

    /// The step that is next in turn.
    __device__ SkinnyStep& await() {
        awaitPhase(sharedAddress(&ring_.barriers.full[turn_.slot]), turn_.parity);
        return ring_.slots[turn_.slot];
    }
    /// Gives its memory back.
    __device__ void next() {
        __syncwarp();
        if (threadIdx.x % 32 == 0)
            arrive(sharedAddress(&ring_.barriers.empty[turn_.slot]));
        turn_.next();
    }

private:
    const WeightRing<kDepth> ring_;
    RingTurn<kDepth> turn_;
};

/// The steps of the products of a launch that fall to this block, a group of tiles after another.
/// One warp.
class ProductWalk {
public:
    ///   copy  receives the product that is walked through
    __device__ ProductWalk(const StepPhase* phases, int count, PhaseCopy& copy)
        : phases_(phases), count_(count), copy_(copy) {}

    /// Goes to the next product from phase `phase` on; without any, `phase()` is the end.
    __device__ void enter(int phase) {
#pragma unroll 1
        for (phase_ = phase; phase_ < count_; phase_ = copy_.phase().nextProduct) {
            __syncwarp();
            copy_.take(phases_[phase_], threadIdx.x % 32);
            __syncwarp();
            if (copy_.phase().kind == StepPhase::Kind::Product
                && static_cast<int>(blockIdx.x) < copy_.phase().blocks) {
                const SkinnyRange range = SkinnyRange::of(launch());
                left_ = range.end - range.begin;
                group_ = range.begin / launch().pieces;
                piece_ = range.begin % launch().pieces;
                return;
            }
        }
    }
    /// The next group, of the next product where this one has no more.
    __device__ void next() {
        left_ -= steps();
        if (left_ == 0)
            return enter(copy_.phase().nextProduct);
        piece_ = 0;
        ++group_;
    }

    [[nodiscard]] __device__ int phase() const { return phase_; }
    /// The steps of the group that fall to this block begin at this piece.
    [[nodiscard]] __device__ int piece() const { return piece_; }
    [[nodiscard]] __device__ int steps() const { return min(left_, launch().pieces - piece_); }
    [[nodiscard]] const __device__ SkinnyLaunch& launch() const { return copy_.phase().product; }

    /// Half of a group: 128 channels of one matrix.
    struct Half {
        int segment, channel;
        bool there;
        const TensorMap* map;
    };
    [[nodiscard]] __device__ Half half(int which) const {
        Half half{};
        if (launch().output == SkinnyOutput::Gated) {
            half.segment = which;
            half.channel = group_ * kBoxChannels;
        } else {
            const int tile = group_ * kSkinnyWarps + which * (kSkinnyWarps / 2);
            half.segment = segmentOf(launch(), tile);
            half.channel = (tile - launch().tilesBefore[half.segment]) * kTileChannels;
        }
        half.there = half.channel < launch().product.segments[half.segment].channels;
        half.map = &phases_[phase_].maps[half.segment];
        return half;
    }

private:
    const StepPhase* const phases_;
    const int count_;
    PhaseCopy& copy_;
    int phase_ = 0, left_ = 0, group_ = 0, piece_ = 0;
};

/// The side of the warp that copies, step by step, from one product into the next.
template <int kDepth>
class WeightCopies {
public:
    __device__ WeightCopies(const WeightRing<kDepth>& ring, const ProductWalk& walk)
        : ring_(ring), walk_(walk) {
        // Weights pass through once: do not let them push anything out of the L2.
        asm volatile("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy_));
    }

    /// The products of phases [begin, end).
    __device__ void copy(int begin, int end) {
#pragma unroll 1
        for (walk_.enter(begin); walk_.phase() < end; walk_.next())
            copyGroup();
    }

private:
    __device__ void copyGroup() {
        const auto first = walk_.half(0);
        const auto second = walk_.half(1);
        const int begin = walk_.piece() * kPieceBytes;
        const int end = begin + walk_.steps() * kPieceBytes;
#if __CUDA_ARCH__ >= 900
        // What is beyond the matrix is zero, and counts as copied.
        if (threadIdx.x % 32 == 0) {
            const int bytes = static_cast<int>(sizeof(SkinnyStep)) / (second.there ? 1 : 2);
#pragma unroll 1
            for (int at = begin; at < end; at += kPieceBytes) {
                const uint32_t full = sharedAddress(&ring_.barriers.full[turn_.slot]);
                const uint32_t to = sharedAddress(ring_.slots + turn_.slot);
                // In the first turn all are free.
                awaitPhase(sharedAddress(&ring_.barriers.empty[turn_.slot]), turn_.parity ^ 1);
                expectBytes(full, bytes);
                copyBox(to, first, at, full);
                if (second.there)
                    copyBox(to + sizeof(SkinnyStep) / 2, second, at, full);
                turn_.next();
            }
        }
        __syncwarp();
#else
        const int chunk = threadIdx.x % 8 * 16; // eight lanes copy 128 bytes of a channel
        const SkinnyLaunch& launch = walk_.launch();
#pragma unroll 1
        for (int at = begin; at < end; at += kPieceBytes) {
            awaitPhase(sharedAddress(&ring_.barriers.empty[turn_.slot]), turn_.parity ^ 1);
            for (int which = 0; which < 2; ++which) {
                const auto& half = which == 0 ? first : second;
                const SkinnySegment& segment = launch.product.segments[half.segment];
                const char* const w = static_cast<const char*>(segment.w);
#pragma unroll 4
                for (int row = threadIdx.x % 32 / 8; row < kBoxChannels; row += 4) {
                    const int channel = half.channel + row;
                    const bool there = at + chunk < launch.rowBytes && channel < segment.channels;
                    const int64_t offset =
                        there ? int64_t(channel) * launch.rowBytes + at + chunk : 0;
                    copyAsync(&ring_.slots[turn_.slot].chunks[which * kBoxChannels + row]
                                                             [SkinnyStep::place(row, chunk / 16)],
                              w + offset, there);
                }
            }
            arriveAfterCopies(sharedAddress(&ring_.barriers.full[turn_.slot]));
            turn_.next();
        }
#endif
    }

    /// 128 channels by a piece.
#if __CUDA_ARCH__ >= 900
    __device__ void copyBox(uint32_t to, const ProductWalk::Half& half, int column,
                            uint32_t barrier) const {
        asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
                     ".L2::cache_hint [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(to),
                     "l"(half.map), "r"(column), "r"(half.channel), "r"(barrier), "l"(policy_)
                     : "memory");
    }
#endif

    const WeightRing<kDepth> ring_;
    ProductWalk walk_;
    uint64_t policy_ = 0;
    RingTurn<kDepth> turn_;
};

} // namespace lapidary::kernels::cuda
