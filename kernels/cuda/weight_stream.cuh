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

/// A step's weights in shared memory: two pieces of a group's channels, of a gated product 64 of
/// gate, then 64 of up. A chunk of 16 bytes stands where the copies of whole boxes put it, so that
/// eight lanes which read every other chunk of two channels find them in banks of their own.
struct SkinnyStep {
    uint4 chunks[kStepPieces][kGroupChannels][kPieceBytes / 16];

    __device__ static int place(int channel, int chunk) { return chunk ^ (channel & 7); }
};

/// The segment of a product that is not gated which `group` belongs to.
__device__ __forceinline__ int segmentOf(const SkinnyLaunch& launch, int group) {
    int at = 0;
    while (at + 1 < launch.product.segmentCount && group >= launch.groupsBefore[at + 1])
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
    /// What one lane takes, in a register until there is a place for it.
    struct Lane {
        uint4 chunk = {};

        __device__ void load(const StepPhase& from, int lane) {
            if (lane < static_cast<int>(sizeof(bytes) / 16))
                chunk = reinterpret_cast<const uint4*>(&from)[lane];
        }
        __device__ void store(PhaseCopy& to, int lane) const {
            if (lane < static_cast<int>(sizeof(bytes) / 16))
                reinterpret_cast<uint4*>(to.bytes)[lane] = chunk;
        }
    };

    /// The same, behind this thread's back: there once waitCopies<0> has returned.
    __device__ void fetch(const StepPhase& from, int thread) {
        if (thread < static_cast<int>(sizeof(bytes) / 16))
            copyAsync(bytes + 16 * thread, reinterpret_cast<const std::byte*>(&from) + 16 * thread,
                      true);
        commitCopies();
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
                group_ = range.begin / launch().groupSteps;
                step_ = range.begin % launch().groupSteps;
                return;
            }
        }
    }
    /// The next group, of the next product where this one has no more.
    __device__ void next() {
        left_ -= steps();
        if (left_ == 0)
            return enter(copy_.phase().nextProduct);
        step_ = 0;
        ++group_;
    }

    [[nodiscard]] __device__ int phase() const { return phase_; }
    /// The steps of the group that fall to this block: the first, and how many.
    [[nodiscard]] __device__ int step() const { return step_; }
    [[nodiscard]] __device__ int steps() const { return min(left_, launch().groupSteps - step_); }
    [[nodiscard]] const __device__ SkinnyLaunch& launch() const { return copy_.phase().product; }
    [[nodiscard]] __device__ bool gated() const { return launch().output == SkinnyOutput::Gated; }

    /// Channels of one matrix.
    struct Source {
        int segment;
        int channel; ///< the first
        const TensorMap* map;
    };
    /// Those of the group; of a gated product its gate (0) or up (1).
    [[nodiscard]] __device__ Source source(int half) const {
        Source source{};
        if (gated()) {
            source.segment = half;
            source.channel = group_ * (kGroupChannels / 2);
        } else {
            source.segment = segmentOf(launch(), group_);
            source.channel = (group_ - launch().groupsBefore[source.segment]) * kGroupChannels;
        }
        source.map = &phases_[phase_].maps[source.segment];
        return source;
    }

private:
    const StepPhase* const phases_;
    const int count_;
    PhaseCopy& copy_;
    int phase_ = 0, left_ = 0, group_ = 0, step_ = 0;
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
    static constexpr int kStepBytes = kStepPieces * kPieceBytes; ///< of a channel

    __device__ void copyGroup() {
        const auto first = walk_.source(0);
        const auto second = walk_.source(1);
        const bool gated = walk_.gated();
        const int begin = walk_.step() * kStepBytes;
        const int end = begin + walk_.steps() * kStepBytes;
#if __CUDA_ARCH__ >= 900
        // What is beyond the matrix is zero, and counts as copied.
        if (threadIdx.x % 32 == 0) {
#pragma unroll 1
            for (int at = begin; at < end; at += kStepBytes) {
                const uint32_t full = sharedAddress(&ring_.barriers.full[turn_.slot]);
                SkinnyStep& to = ring_.slots[turn_.slot];
                // In the first turn all are free.
                awaitPhase(sharedAddress(&ring_.barriers.empty[turn_.slot]), turn_.parity ^ 1);
                awaitRoom();
                expectBytes(full, sizeof(SkinnyStep));
#pragma unroll
                for (int piece = 0; piece < kStepPieces; ++piece) {
                    copyBox(to.chunks[piece][0], first, at + piece * kPieceBytes, full);
                    if (gated)
                        copyBox(to.chunks[piece][kGroupChannels / 2], second,
                                at + piece * kPieceBytes, full);
                }
                turn_.next();
            }
        }
        __syncwarp();
#else
        const int chunk = threadIdx.x % 16; // sixteen lanes copy the step's bytes of a channel
        const SkinnyLaunch& launch = walk_.launch();
#pragma unroll 1
        for (int at = begin; at < end; at += kStepBytes) {
            awaitPhase(sharedAddress(&ring_.barriers.empty[turn_.slot]), turn_.parity ^ 1);
            for (int half = 0; half < 2; ++half) {
                const auto& source = half == 0 ? first : second;
                const SkinnySegment& segment = launch.product.segments[source.segment];
                const char* const w = static_cast<const char*>(segment.w);
                const int channels = source.channel + (gated ? 0 : half * kGroupChannels / 2);
#pragma unroll 4
                for (int i = threadIdx.x % 32 / 16; i < kGroupChannels / 2; i += 2) {
                    const bool there =
                        at + chunk * 16 < launch.rowBytes && channels + i < segment.channels;
                    const int64_t offset =
                        there ? int64_t(channels + i) * launch.rowBytes + at + chunk * 16 : 0;
                    copyAsync(
                        &ring_.slots[turn_.slot].chunks[chunk / 8][half * kGroupChannels / 2 + i]
                                                       [SkinnyStep::place(i, chunk % 8)],
                        w + offset, there);
                }
            }
            arriveAfterCopies(sharedAddress(&ring_.barriers.full[turn_.slot]));
            turn_.next();
        }
#endif
    }

#if __CUDA_ARCH__ >= 900
    /// Two steps under way keep the memory as busy as three, and whoever waits for another block
    /// meanwhile waits behind fewer requests. With a step of one piece one H200 gained 3.6 % of a
    /// 12B in FP8 by it and another lost 1 %; with two, two of them gained or lost at most 0.7 %.
    __device__ void awaitRoom() {
        constexpr int kUnderWay = 2;
        if (underWay_ < kUnderWay) {
            ++underWay_;
            return;
        }
        awaitPhase(sharedAddress(&ring_.barriers.full[landing_.slot]), landing_.parity);
        landing_.next();
    }

    /// A piece of the channels.
    __device__ void copyBox(const uint4* to, const ProductWalk::Source& source, int column,
                            uint32_t barrier) const {
        asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
                     ".L2::cache_hint [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(sharedAddress(to)),
                     "l"(source.map), "r"(column), "r"(source.channel), "r"(barrier), "l"(policy_)
                     : "memory");
    }

    RingTurn<kDepth> landing_; ///< the oldest step under way
    int underWay_ = 0;
#endif
    const WeightRing<kDepth> ring_;
    ProductWalk walk_;
    uint64_t policy_ = 0;
    RingTurn<kDepth> turn_;
};

} // namespace lapidary::kernels::cuda
