#pragma once

// The instructions of the tensor cores that every card from 8.0 up has: copies that run beside the
// arithmetic, fragments, and products of 16 × 8 × 16 in bf16.
#include "cuda/device_math.cuh"

namespace lapidary::kernels::cuda {

__device__ __forceinline__ uint32_t sharedAddress(const void* p) {
    return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}

/// 16 bytes to shared memory; zeros where not `valid`.
__device__ __forceinline__ void copyAsync(uint32_t to, const void* from, bool valid) {
    const int bytes = valid ? 16 : 0; // the rest of the 16 bytes becomes zero
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes)
                 : "memory");
}
__device__ __forceinline__ void copyAsync(void* to, const void* from, bool valid) {
    copyAsync(sharedAddress(to), from, valid);
}
__device__ __forceinline__ void commitCopies() {
    asm volatile("cp.async.commit_group;" ::: "memory");
}
template <int kLeft>
__device__ __forceinline__ void waitCopies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory");
}

/// Four 8 × 8 matrices; lane l gives the address of row l mod 8 of matrix l div 8.
__device__ __forceinline__ void loadMatrix(uint32_t (&r)[4], uint32_t address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(address)
                 : "memory");
}
__device__ __forceinline__ void loadMatrix(uint32_t (&r)[4], const Bf16* p) {
    loadMatrix(r, sharedAddress(p));
}
__device__ __forceinline__ void loadMatrixTransposed(uint32_t (&r)[4], uint32_t address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(address)
                 : "memory");
}
__device__ __forceinline__ void loadMatrixTransposed(uint32_t (&r)[2], const Bf16* p) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(sharedAddress(p))
                 : "memory");
}
__device__ __forceinline__ void loadMatrixPair(uint32_t (&r)[2], const Bf16* p) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(sharedAddress(p))
                 : "memory");
}

/// c += A B for a piece of 16 × 8 over 16: bf16 operands, f32 sums.
__device__ __forceinline__ void multiplyBf16(float (&c)[4], uint32_t a0, uint32_t a1, uint32_t a2,
                                             uint32_t a3, uint32_t b0, uint32_t b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, "
                 "{%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

/// The same of fragments as they were loaded.
__device__ __forceinline__ void multiply(float (&c)[4], const uint32_t (&a)[4], uint32_t b0,
                                         uint32_t b1) {
    multiplyBf16(c, a[0], a[1], a[2], a[3], b0, b1);
}
__device__ __forceinline__ void multiply(float (&c)[4], const uint32_t (&a)[4],
                                         const uint32_t (&b)[2]) {
    multiply(c, a, b[0], b[1]);
}

/// 2^x; scores of a softmax are multiplied by kLog2E first, which a multiply-add takes along.
__device__ __forceinline__ float exp2Fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
inline constexpr float kLog2E = 1.4426950408889634F;

} // namespace lapidary::kernels::cuda
