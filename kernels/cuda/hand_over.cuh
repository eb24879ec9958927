#pragma once

// Numbers that a phase of a step hands to the next without a barrier: memory holds kNothing until
// each is written once. Whoever reads looks until all are there. No counters and no fences, and a
// number is seen one way to the L2 and back after it was written.
#include "cuda/launch.h"
#include "cuda/step_barrier.cuh"

namespace lapidary::kernels::cuda {

constexpr unsigned kNothing = ~0U; ///< in f32 and in bf16 NaNs that no arithmetic makes

__device__ __forceinline__ bool isMissing(uint32_t halves) {
    return (__vcmpeq2(halves, kNothing)) != 0;
}

/// Eight numbers in bf16, from a multiple of 16 bytes.
__device__ __forceinline__ uint4 lookAtEight(const Bf16* from) {
    unsigned words[4];
    lookAt(reinterpret_cast<const unsigned*>(from), words);
    return {words[0], words[1], words[2], words[3]};
}
__device__ __forceinline__ bool isMissing(const uint4& eight) {
    return isMissing(eight.x) || isMissing(eight.y) || isMissing(eight.z) || isMissing(eight.w);
}
__device__ __forceinline__ void awaitEight(uint4& eight, const Bf16* from) {
    while (isMissing(eight))
        eight = lookAtEight(from);
}

__device__ __forceinline__ uint2 lookAtFour(const Bf16* from) {
    uint2 four;
    asm volatile("ld.relaxed.gpu.global.v2.u32 {%0, %1}, [%2];"
                 : "=r"(four.x), "=r"(four.y)
                 : "l"(from)
                 : "memory");
    return four;
}
__device__ __forceinline__ void awaitFour(uint2& four, const Bf16* from) {
    while (isMissing(four.x) || isMissing(four.y))
        four = lookAtFour(from);
}

/// The bits of a number in f32.
__device__ __forceinline__ unsigned awaitNumber(const float* from) {
    unsigned bits;
    do
        bits = lookAt(reinterpret_cast<const unsigned*>(from));
    while (bits == kNothing);
    return bits;
}

/// One number in f32, or four.
template <int kCount>
__device__ __forceinline__ void lookAtNumbers(const float* from, unsigned (&bits)[kCount]) {
    lookAt(reinterpret_cast<const unsigned*>(from), bits);
}
template <int kCount>
__device__ __forceinline__ void awaitNumbers(unsigned (&bits)[kCount], const float* from) {
    bool missing;
    do {
        missing = false;
#pragma unroll
        for (const unsigned one : bits)
            missing |= one == kNothing;
        if (missing)
            lookAtNumbers(from, bits);
    } while (missing);
}

__device__ __forceinline__ void handOver(Bf16* to, const Bf16 (&one)[1]) {
    asm volatile("st.relaxed.gpu.global.u16 [%0], %1;" ::"l"(to), "h"(one[0]) : "memory");
}
/// At once: who sees one of the four sees all.
__device__ __forceinline__ void handOver(Bf16* to, uint2 four) {
    asm volatile("st.relaxed.gpu.global.u64 [%0], %1;" ::"l"(to),
                 "l"(uint64_t(four.y) << 32 | four.x)
                 : "memory");
}
__device__ __forceinline__ void handOver(Bf16* to, const uint4& eight) {
    handOver(to, uint2{eight.x, eight.y});
    handOver(to + 4, uint2{eight.z, eight.w});
}
__device__ __forceinline__ void handOver(Bf16* to, const Bf16 (&four)[4]) {
    handOver(to, uint2{four[0] | uint32_t(four[1]) << 16, four[2] | uint32_t(four[3]) << 16});
}
__device__ __forceinline__ void handOver(float* to, float2 two) {
    asm volatile("st.relaxed.gpu.global.v2.f32 [%0], {%1, %2};" ::"l"(to), "f"(two.x), "f"(two.y)
                 : "memory");
}
__device__ __forceinline__ void handOver(float* to, float number) {
    leaveAt(reinterpret_cast<unsigned*>(to), __float_as_uint(number));
}

} // namespace lapidary::kernels::cuda
