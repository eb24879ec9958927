#pragma once

// Barriers in shared memory by which the threads of a block, and copies, wait for each other phase
// by phase; from 8.0 up. Phases 0, 1, 2, … have parity 0, 1, 0, …
//
//   beginBarrier(barrier, arrivals);   // one thread; then all meet
//   arrive(barrier);                   // the phase ends when all have
//   awaitPhase(barrier, parity);       // a phase that has ended, or is the one before the current
//   hasEnded(barrier, parity);         // the same without waiting
#include "cuda/tensor_core.cuh"

namespace lapidary::kernels::cuda {

__device__ __forceinline__ void beginBarrier(uint32_t barrier, int arrivals) {
    asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}

__device__ __forceinline__ void arrive(uint32_t barrier) {
    asm volatile("{ .reg .b64 state; mbarrier.arrive.shared.b64 state, [%0]; }" ::"r"(barrier)
                 : "memory");
}
/// Arrives when the copies that this thread has begun (copyAsync) are there.
__device__ __forceinline__ void arriveAfterCopies(uint32_t barrier) {
    asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(barrier) : "memory");
}

__device__ __forceinline__ void awaitPhase(uint32_t barrier, unsigned parity) {
    asm volatile("{\n.reg .pred there;\n"
                 "again:\n"
#if __CUDA_ARCH__ >= 900
                 "mbarrier.try_wait.parity.shared.b64 there, [%0], %1;\n"
#else
                 "mbarrier.test_wait.parity.shared.b64 there, [%0], %1;\n"
#endif
                 "@!there bra again;\n}" ::"r"(barrier),
                 "r"(parity)
                 : "memory");
}

__device__ __forceinline__ bool hasEnded(uint32_t barrier, unsigned parity) {
    uint32_t there;
    asm volatile("{\n.reg .pred there;\n"
                 "mbarrier.test_wait.parity.shared.b64 there, [%1], %2;\n"
                 "selp.b32 %0, 1, 0, there;\n}"
                 : "=r"(there)
                 : "r"(barrier), "r"(parity)
                 : "memory");
    return there != 0;
}

} // namespace lapidary::kernels::cuda
