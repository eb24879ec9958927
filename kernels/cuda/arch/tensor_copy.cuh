#pragma once

// Copies of boxes of a tensor to shared memory, which the card does by itself and barriers count;
// from 9.0 up.
//
//   beginBarrier(full, 1); publishBarriers();   // one thread; then all meet
//   expectBytes(full, bytes);                   // one thread, once a phase
//   copyBox(to, map, x, y, z, full);            // one thread
//   awaitPhase(full, parity);                   // phases 0, 1, 2, … have parity 0, 1, 0, …
#include "cuda/arch/barrier.cuh"

namespace lapidary::kernels::cuda {

/// Copies see the barriers that this thread began.
__device__ __forceinline__ void publishBarriers() {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

/// Arrives; the phase ends when `bytes` more have been copied.
__device__ __forceinline__ void expectBytes(uint32_t barrier, int bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
                 : "memory");
}

/// The box of a tensor of three dimensions that begins at (x, y, z), x the innermost. What is
/// outside of the tensor is zero, and counts as copied.
__device__ __forceinline__ void copyBox(uint32_t to, const void* map, int x, int y, int z,
                                        uint32_t barrier) {
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes "
                 "[%0], [%1, {%2, %3, %4}], [%5];" ::"r"(to),
                 "l"(map), "r"(x), "r"(y), "r"(z), "r"(barrier)
                 : "memory");
}

} // namespace lapidary::kernels::cuda
