#pragma once

// How the threads of a block, and the blocks of a step, wait for each other.
//
// A block is eight warps that work and two that help them (step_kernel.cuh). The workers have a
// barrier of their own; at others they meet the ninth warp.
//
// Blocks count the phases that they have left behind. Counts only grow, also from launch to launch,
// so nothing needs to be set back; all counts are equal between launches.
#include "cuda/arch/barrier.cuh"

#include <cuda_runtime.h>

#include <climits>

namespace lapidary::kernels::cuda {

inline constexpr int kWorkers = 256;
inline constexpr int kMeeting = kWorkers + 32; ///< with the ninth warp
inline constexpr int kStepThreads = kWorkers + 128;

/// The threads that work, in a block that has no others as well.
__device__ __forceinline__ void workerSync() {
    asm volatile("bar.sync 1, %0;" ::"n"(kWorkers) : "memory");
}

/// Workers and those who copy weights: attention has left the memory that they share.
__device__ __forceinline__ void memorySync() {
    asm volatile("bar.sync 6, %0;" ::"n"(kWorkers + 32) : "memory");
}

/// Of those who leave a phase: a barrier of each of two phases, in turn.
struct LeavingBarriers {
    uint64_t of[2];

    /// One thread; all others meet it before they go on.
    __device__ void begin() {
        for (uint64_t& barrier : of)
            beginBarrier(sharedAddress(&barrier), kWorkers / 32);
    }
};

/// Where workers and the ninth warp meet, phase after phase: when the phase is described, when what
/// it reads is there, and when their part of it is done, where the workers do not wait. Each has
/// two barriers in turn: neither side is more than a phase ahead.
class PhaseMeeting {
public:
    __device__ explicit PhaseMeeting(LeavingBarriers& leaving) : leaving_(leaving) {}

    /// Workers: returns when the next phase is described.
    __device__ __forceinline__ void begin() const { wait(kBegin + turn_); }
    /// Workers: returns when it may read.
    __device__ __forceinline__ void enter() const { wait(kEnter + turn_); }
    /// Workers: their part is done.
    __device__ __forceinline__ void leave() {
        __syncwarp();
        if (threadIdx.x % 32 == 0)
            cuda::arrive(sharedAddress(&leaving_.of[turn_]));
        turn_ ^= 1;
    }
    /// Ninth warp: the next phase is described.
    __device__ __forceinline__ void describe() const { arrive(kBegin + turn_); }
    /// Ninth warp: it may read.
    __device__ __forceinline__ void admit() {
        arrive(kEnter + turn_);
        turn_ ^= 1;
    }
    /// Ninth warp: returns when the workers have left the next phase that they have not been seen
    /// to leave.
    __device__ __forceinline__ void awaitLeft() {
        awaitPhase(sharedAddress(&leaving_.of[left_ % 2]), left_ / 2);
        left_ = (left_ + 1) % 4;
    }

private:
    static constexpr int kEnter = 2, kBegin = 4;

    __device__ __forceinline__ static void wait(int barrier) {
        asm volatile("bar.sync %0, %1;" ::"r"(barrier), "n"(kMeeting) : "memory");
    }
    __device__ __forceinline__ static void arrive(int barrier) {
        asm volatile("bar.arrive %0, %1;" ::"r"(barrier), "n"(kMeeting) : "memory");
    }

    LeavingBarriers& leaving_;
    int turn_ = 0;
    unsigned left_ = 0; ///< of four: a barrier, and the parity of its phase
};

__device__ __forceinline__ unsigned lookAt(const unsigned* from) {
    unsigned value;
    asm volatile("ld.relaxed.gpu.global.u32 %0, [%1];" : "=r"(value) : "l"(from) : "memory");
    return value;
}

__device__ __forceinline__ void leaveAt(unsigned* to, unsigned value) {
    asm volatile("st.relaxed.gpu.global.u32 [%0], %1;" ::"l"(to), "r"(value) : "memory");
}

/// Four numbers, each of which is there or not by itself.
__device__ __forceinline__ void lookAt(const unsigned* from, unsigned (&four)[4]) {
    asm volatile("ld.relaxed.gpu.global.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(four[0]), "=r"(four[1]), "=r"(four[2]), "=r"(four[3])
                 : "l"(from)
                 : "memory");
}
__device__ __forceinline__ void lookAt(const unsigned* from, unsigned (&one)[1]) {
    one[0] = lookAt(from);
}
__device__ __forceinline__ void leaveAt(unsigned* to, const unsigned (&four)[4]) {
    asm volatile("st.relaxed.gpu.global.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(to), "r"(four[0]),
                 "r"(four[1]), "r"(four[2]), "r"(four[3])
                 : "memory");
}
__device__ __forceinline__ void leaveAt(unsigned* to, const unsigned (&one)[1]) {
    leaveAt(to, one[0]);
}

__device__ __forceinline__ void fenceCard() {
    asm volatile("fence.acq_rel.gpu;" ::: "memory");
}

/// One thread, after the workers have left: what the block wrote is visible to who sees `count`.
__device__ __forceinline__ void announce(unsigned* arrival, unsigned count) {
    fenceCard();
    leaveAt(arrival, count);
}

/// One warp: returns when the first `blocks` blocks have left `count` phases behind since `before`,
/// and what they wrote is visible; the number that all have left by then.
__device__ __forceinline__ int awaitBlocks(const unsigned* arrivals, int blocks, unsigned before,
                                           int count) {
    constexpr int kAtOnce = 8; // of a lane
    int least = 0;
    do {
        least = INT_MAX;
        for (int begin = threadIdx.x % 32; begin < blocks; begin += 32 * kAtOnce) {
            unsigned left[kAtOnce];
#pragma unroll
            for (int i = 0; i < kAtOnce; ++i)
                left[i] =
                    begin + 32 * i < blocks ? lookAt(arrivals + begin + 32 * i) : before + INT_MAX;
#pragma unroll
            for (int i = 0; i < kAtOnce; ++i)
                least = min(least, static_cast<int>(left[i] - before));
        }
        least = __reduce_min_sync(~0U, least);
    } while (least < count);
    fenceCard();
    return least;
}

} // namespace lapidary::kernels::cuda
