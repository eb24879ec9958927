#pragma once

// The way into the ring: one warp walks through the phases of a launch and copies the weights of
// its products and, on cards that copy boxes, the keys of its attention, one after another and as
// far ahead as the ring is deep.
#include "cuda/attention_share.cuh"
#include "cuda/phase_copy.cuh"
#include "cuda/weight_stream.cuh"

namespace lapidary::kernels::cuda {

///   kTiles  pieces of 16 queries that share keys of up to 256 columns
template <int kTiles>
class RingCopies {
public:
    ///   copy  receives the phase that is copied for
    __device__ RingCopies(const WeightRing& ring, const StepPhase* phases, PhaseCopy& copy)
        : ring_(ring), phases_(phases), copy_(copy) {
        // Weights pass through once: do not let them push anything out of the L2.
        asm volatile("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy_));
    }

    /// For phases [begin, end), without keys or with them.
    template <bool kKeys>
    __device__ void copy(int begin, int end) {
#pragma unroll 1
        for (phase_ = begin; phase_ < end; phase_ = copy_.phase().nextCopied) {
            __syncwarp();
            copy_.take(phases_[phase_], threadIdx.x % 32);
            __syncwarp();
            const StepPhase& phase = copy_.phase();
            if (static_cast<int>(blockIdx.x) >= phase.blocks)
                continue;
            if (phase.kind == StepPhase::Kind::Product)
                copyProduct(phase.product);
#if __CUDA_ARCH__ >= 900
            if (kKeys && phase.kind == StepPhase::Kind::Attend && threadIdx.x % 32 == 0)
                copyKeys(phase.attention.problem, phase.blocks);
#endif
        }
    }

private:
    static constexpr int kStepBytes = kStepPieces * kPieceBytes; ///< of a channel

    __device__ void copyProduct(const SkinnyLaunch& launch) {
        const SkinnyRange range = SkinnyRange::of(launch);
        int group = range.begin / launch.groupSteps;
        int step = range.begin % launch.groupSteps;
        int left = range.end - range.begin;
#pragma unroll 1
        while (left > 0) {
            const int steps = min(left, launch.groupSteps - step);
            copyGroup(launch, group, step * kStepBytes, (step + steps) * kStepBytes);
            left -= steps;
            step = 0;
            ++group;
        }
    }

    /// Channels of one matrix.
    struct Source {
        int segment;
        int channel; ///< the first
    };
    /// Those of a group; of a gated product its gate (0) or up (1).
    __device__ static Source sourceOf(const SkinnyLaunch& launch, int group, int half) {
        if (launch.output == SkinnyOutput::Gated)
            return {half, group * (kGroupChannels / 2)};
        const int segment = segmentOf(launch, group);
        return {segment, (group - launch.groupsBefore[segment]) * kGroupChannels};
    }

    /// Bytes [begin, end) of a group's channels.
    __device__ void copyGroup(const SkinnyLaunch& launch, int group, int begin, int end) {
        const Source first = sourceOf(launch, group, 0);
        const bool gated = launch.output == SkinnyOutput::Gated;
        const Source second = gated ? sourceOf(launch, group, 1) : first;
#if __CUDA_ARCH__ >= 900
        if (threadIdx.x % 32 != 0)
            return;
        const TensorMap* const maps = phases_[phase_].maps;
#pragma unroll 1
        for (int at = begin; at < end; at += kStepBytes) {
            const Slot slot = take();
#pragma unroll
            for (int piece = 0; piece < kStepPieces; ++piece) {
                copyWeights(slot.step->chunks[piece][0], maps + first.segment,
                            at + piece * kPieceBytes, first.channel, slot.full);
                if (gated)
                    copyWeights(slot.step->chunks[piece][kGroupChannels / 2], maps + second.segment,
                                at + piece * kPieceBytes, second.channel, slot.full);
            }
        }
#else
        const int chunk = threadIdx.x % 16; // sixteen lanes copy the step's bytes of a channel
#pragma unroll 1
        for (int at = begin; at < end; at += kStepBytes) {
            awaitPhase(sharedAddress(&ring_.barriers.empty[turn_.slot]), turn_.parity ^ 1);
            for (int half = 0; half < 2; ++half) {
                const Source& source = half == 0 ? first : second;
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
            turn_.next(ring_.depth);
        }
#endif
    }

#if __CUDA_ARCH__ >= 900
    /// The keys of the runs that fall to this block, as StepAttention takes them. One lane.
    __device__ void copyKeys(const AttentionProblem& p, int blocks) {
        if (!waited_) {
            // The position and the keys before it are of earlier kernels.
            waitForPrevious();
            asm volatile("fence.proxy.async.global;" ::: "memory");
            waited_ = true;
        }
        const AttentionPart part = AttentionPart::of(p, positions_.of(p));
        const bool wide = p.headDim > kKeyColumns;
        const int capacity = static_cast<int>(p.capacity);
        const TensorMap* const maps = phases_[phase_].maps; // of keys, and of values
#pragma unroll 1
        for (RunWalk walk(p, part.range, wide ? 1 : kTiles, blocks); walk.there(); walk.next()) {
            const RunKeys keys = RunKeys::of(p, part.range, walk.run());
#pragma unroll 1
            for (int step = 0; step < keys.steps; ++step) {
                const int at = (keys.start + step * kStepKeys) % capacity;
                Slot slot = take();
                KeySlot* to = reinterpret_cast<KeySlot*>(slot.step);
                copyPanels(to->panels[0], maps, wide, at, walk.head(), slot.full);
                if (wide) {
                    slot = take();
                    to = reinterpret_cast<KeySlot*>(slot.step);
                }
                copyPanels(to->panels[wide ? 0 : kKeyPanels], maps + 1, wide, at, walk.head(),
                           slot.full);
            }
        }
    }
    __device__ static void copyPanels(const uint4 (*to)[8], const TensorMap* map, bool wide, int at,
                                      int head, uint32_t full) {
#pragma unroll 1
        for (int panel = 0; panel < (wide ? 2 : 1) * kKeyPanels; ++panel)
            copyBox(sharedAddress(to) + panel * sizeof(KeySlot::panels[0]), map, panel * 64, head,
                    at, full);
    }

    struct Slot {
        SkinnyStep* step;
        uint32_t full;
    };
    /// The next slot, once it is free, to be filled as a whole: what is beyond a tensor is zero,
    /// and counts as copied. One lane.
    __device__ Slot take() {
        const Slot slot{&ring_.slots[turn_.slot], sharedAddress(&ring_.barriers.full[turn_.slot])};
        // In the first turn all are free.
        awaitPhase(sharedAddress(&ring_.barriers.empty[turn_.slot]), turn_.parity ^ 1);
        awaitRoom();
        expectBytes(slot.full, sizeof(SkinnyStep));
        turn_.next(ring_.depth);
        return slot;
    }

    /// Two steps under way keep the memory busy; with more, whoever looks for another block's
    /// numbers waits behind them (12B in FP8: 3 under way 3 %, 4 under way 6 % slower). While this
    /// block does so itself one is enough, which gains 3 %.
    __device__ void awaitRoom() {
        for (const int most = ring_.barriers.usersWait() ? 1 : 2; underWay_ >= most; --underWay_) {
            awaitPhase(sharedAddress(&ring_.barriers.full[landing_.slot]), landing_.parity);
            landing_.next(ring_.depth);
        }
        ++underWay_;
    }

    /// A piece of channels from `channel` on.
    __device__ void copyWeights(const uint4* to, const TensorMap* map, int column, int channel,
                                uint32_t barrier) const {
        asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
                     ".L2::cache_hint [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(sharedAddress(to)),
                     "l"(map), "r"(column), "r"(channel), "r"(barrier), "l"(policy_)
                     : "memory");
    }

    RingTurn landing_; ///< the oldest step under way
    int underWay_ = 0;
    bool waited_ = false; ///< for the kernels before
    KnownPosition positions_;
#endif
    const WeightRing ring_;
    const StepPhase* const phases_;
    PhaseCopy& copy_;
    int phase_ = 0;
    uint64_t policy_ = 0;
    RingTurn turn_;
};

} // namespace lapidary::kernels::cuda
