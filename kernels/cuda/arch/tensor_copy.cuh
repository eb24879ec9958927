#pragma once

// Copies of boxes of a tensor to shared memory, which the card does by itself, and the barriers
// that count their bytes; from 9.0 up.
//
//   beginBarrier(full, 1); publishBarriers();   // one thread; then all meet
//   expectBytes(full, bytes);                   // one thread, once a phase
//   copyBox(to, map, x, y, z, full);            // one thread
//   awaitPhase(full, parity);                   // phases 0, 1, 2, … have parity 0, 1, 0, …
#include "cuda/tensor_core.cuh"

namespace lapidary::kernels::cuda {

__device__ __forceinline__ void beginBarrier(uint32_t barrier, int arrivals) {
    asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}
/// Copies see the barriers that this thread began.
__device__ __forceinline__ void publishBarriers() {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

/// Arrives; the phase ends when `bytes` more have been copied.
__device__ __forceinline__ void expectBytes(uint32_t barrier, int bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
                 : "memory");
}
__device__ __forceinline__ void arrive(uint32_t barrier) {
    asm volatile("mbarrier.arrive.shared.b64 _, [%0];" ::"r"(barrier) : "memory");
}

__device__ __forceinline__ void awaitPhase(uint32_t barrier, unsigned parity) {
    asm volatile("{\n.reg .pred there;\n"
                 "again:\n"
                 "mbarrier.try_wait.parity.shared.b64 there, [%0], %1;\n"
                 "@!there bra again;\n}" ::"r"(barrier),
                 "r"(parity)
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
