#pragma once

// How the threads of a block, and the blocks of a step, wait for each other.
//
// A block is eight warps that work and two that help them (step_kernel.cuh). The workers have a
// barrier of their own; at the two others they meet the ninth warp: when what a phase reads is
// there, and when their part of a phase is done, where they do not wait.
//
// Blocks count the phases that they have left behind. Counts only grow, also from launch to launch,
// so nothing needs to be set back; all counts are equal between launches.
#include <cuda_runtime.h>

namespace lapidary::kernels::cuda {

inline constexpr int kWorkers = 256;
inline constexpr int kMeeting = kWorkers + 32;     ///< with the ninth warp
inline constexpr int kStepThreads = kMeeting + 32; ///< and the one that copies weights

/// The threads that work, in a block that has no others as well.
__device__ __forceinline__ void workerSync() {
    asm volatile("bar.sync 1, %0;" ::"n"(kWorkers) : "memory");
}

/// All threads of a block of the step kernel: what the phase reads is there.
__device__ __forceinline__ void inputSync() {
    asm volatile("bar.sync 2, %0;" ::"n"(kMeeting) : "memory");
}

/// Of the workers: their part of the phase is done.
__device__ __forceinline__ void leavePhase() {
    asm volatile("bar.arrive 3, %0;" ::"n"(kMeeting) : "memory");
}
/// Workers and those who copy weights: attention has left the memory that they share.
__device__ __forceinline__ void memorySync() {
    asm volatile("bar.sync 4, %0;" ::"n"(kWorkers + 32) : "memory");
}

/// Of the ninth warp: returns when the workers have left.
__device__ __forceinline__ void awaitWorkers() {
    asm volatile("bar.sync 3, %0;" ::"n"(kMeeting) : "memory");
}

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

/// One warp: returns when the first `blocks` blocks have left `count` phases behind, and what they
/// wrote is visible.
__device__ __forceinline__ void awaitBlocks(const unsigned* arrivals, int blocks, unsigned count) {
    constexpr int kAtOnce = 8; // of a lane
    bool there = false;
    while (!there) {
        there = true;
        for (int begin = threadIdx.x % 32; begin < blocks; begin += 32 * kAtOnce) {
            unsigned left[kAtOnce];
#pragma unroll
            for (int i = 0; i < kAtOnce; ++i)
                left[i] = begin + 32 * i < blocks ? lookAt(arrivals + begin + 32 * i) : count;
#pragma unroll
            for (int i = 0; i < kAtOnce; ++i)
                there &= static_cast<int>(left[i] - count) >= 0;
        }
        there = __all_sync(~0U, there);
    }
    fenceCard();
}

} // namespace lapidary::kernels::cuda
