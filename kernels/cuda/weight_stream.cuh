#pragma once

// The ring in shared memory through which weights come, and keys (attention_step.cuh). See
// skinny_product.cuh for tiles, pieces and ranges.
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

/// Who copies arrives once for a step, or each lane does.
#if __CUDA_ARCH__ >= 900
inline constexpr int kCopyArrivals = 1;
#else
inline constexpr int kCopyArrivals = 32;
#endif

inline constexpr int kDeepestRing = 6;

/// How who copies weights into a ring and who uses them count each slot's turns. Waits are by
/// parity: nobody is more than one turn ahead.
struct RingBarriers {
    uint64_t full[kDeepestRing], empty[kDeepestRing];
    /// Its phases are in turn those in which the users wait for other blocks, and in which they do
    /// not. While they wait fewer steps are under way, so that what they wait for is not behind
    /// many.
    uint64_t patience;

    /// One thread; all others meet it before they go on.
    __device__ void begin() {
        for (int slot = 0; slot < kDeepestRing; ++slot) {
            beginBarrier(sharedAddress(&full[slot]), kCopyArrivals);
            beginBarrier(sharedAddress(&empty[slot]), kSkinnyWarps);
        }
        beginBarrier(sharedAddress(&patience), 1);
    }
    [[nodiscard]] __device__ bool usersWait() const {
        return !hasEnded(sharedAddress(&patience), 0);
    }
};

/// A ring of steps in shared memory.
struct WeightRing {
    SkinnyStep* slots; ///< [depth], on 1 KiB
    RingBarriers& barriers;
    int depth;
};

/// A turn through the slots of a ring.
struct RingTurn {
    int slot = 0;
    unsigned parity = 0;

    __device__ void next(int depth) {
        if (++slot == depth) {
            slot = 0;
            parity ^= 1;
        }
    }
    /// Some turns later, fewer than there are slots.
    [[nodiscard]] __device__ RingTurn after(int turns, int depth) const {
        const bool again = slot + turns >= depth;
        return {slot + turns - (again ? depth : 0), parity ^ (again ? 1U : 0U)};
    }
};

/// Between what a thread wrote to shared memory and copies of boxes that take its place.
__device__ __forceinline__ void fenceBoxes() {
#if __CUDA_ARCH__ >= 900
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

/// The side of the warps that use the weights.
class WeightStream {
public:
    __device__ explicit WeightStream(const WeightRing& ring) : ring_(ring) {}

    /// The step that is next in turn.
    __device__ SkinnyStep& await() const { return await(turn_); }
    /// The step some turns later.
    __device__ SkinnyStep& await(int turns) const { return await(turn_.after(turns, ring_.depth)); }
    /// Says whether this block waits for others: a phase begins, or its input is there. All users.
    __device__ void say(bool waits) {
        if (waits != waits_ && threadIdx.x == 0)
            arrive(sharedAddress(&ring_.barriers.patience));
        waits_ = waits;
    }
    /// Gives the memory of the step that is next in turn back.
    __device__ void next() {
        __syncwarp();
        if (threadIdx.x % 32 == 0)
            arrive(sharedAddress(&ring_.barriers.empty[turn_.slot]));
        turn_.next(ring_.depth);
    }

private:
    __device__ SkinnyStep& await(const RingTurn& turn) const {
        awaitPhase(sharedAddress(&ring_.barriers.full[turn.slot]), turn.parity);
        return ring_.slots[turn.slot];
    }

    const WeightRing ring_;
    RingTurn turn_;
    bool waits_ = true;
};

} // namespace lapidary::kernels::cuda
