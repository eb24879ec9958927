#pragma once

// e4m3 on the tensor cores. From 8.9 up they take it themselves; within one instruction they keep
// fewer bits of a sum than f32 has, so each begins anew at zero and is added in f32. Below, and
// beside bf16, e4m3 is widened to f16 or bf16, either of which holds it exactly.
#include "cuda/tensor_core.cuh"
#include "quantise.h"

#include <cuda_fp16.h>

namespace lapidary::kernels::cuda {

/// The lower two of four e4m3 as bf16. The bits of an e4m3 in the middle of a bf16 are its value
/// times 2^−120, subnormals included.
__device__ __forceinline__ uint32_t widenLowPair(uint32_t four) {
    const uint32_t spread = __byte_perm(four, 0, 0x1404); // bytes 0 and 1 to the top of the halves
    const uint32_t bits = (spread & 0x80008000U) | (spread & 0x7F007F00U) >> 4;
    const __nv_bfloat162 scaled =
        __hmul2(*reinterpret_cast<const __nv_bfloat162*>(&bits),
                __nv_bfloat162{__ushort_as_bfloat16(0x7B80), __ushort_as_bfloat16(0x7B80)});
    return *reinterpret_cast<const uint32_t*>(&scaled);
}

/// The upper two.
__device__ __forceinline__ uint32_t widenHighPair(uint32_t four) {
    return widenLowPair(four >> 16);
}

/// Four e4m3 as pairs of f16, which holds them exactly.
struct HalfPairs {
    uint32_t first, second;

    __device__ __forceinline__ explicit HalfPairs(uint32_t four) {
        first = widen(__byte_perm(four, 0, 0x1404));
        second = widen(__byte_perm(four, 0, 0x3424));
    }

    // The bits of an e4m3 in the middle of an f16 are its value times 2^−8, subnormals included.
    __device__ static uint32_t widen(uint32_t spread) {
        const uint32_t bits = (spread & 0x80008000U) | (spread & 0x7F007F00U) >> 1;
        const __half2 scaled =
            __hmul2(*reinterpret_cast<const __half2*>(&bits), __floats2half2_rn(256, 256));
        return *reinterpret_cast<const uint32_t*>(&scaled);
    }
};

/// c += A B of m16n8k16: f16 operands, f32 sums.
__device__ __forceinline__ void multiplyHalves(float (&c)[4], uint32_t a0, uint32_t a1, uint32_t a2,
                                               uint32_t a3, uint32_t b0, uint32_t b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, "
                 "{%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

/// c += A B of m16n8k32: e4m3 operands, four to a word, f32 sums.
__device__ __forceinline__ void multiplyCodes(float (&c)[4], uint32_t a0, uint32_t a1, uint32_t a2,
                                              uint32_t a3, uint32_t b0, uint32_t b1) {
#if __CUDA_ARCH__ >= 890
    float d[4];
    asm volatile("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%0,%1,%2,%3}, "
                 "{%4,%5,%6,%7}, {%8,%9}, {%10,%10,%10,%10};"
                 : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
                 : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1), "f"(0.0F));
#pragma unroll
    for (int i = 0; i < 4; ++i)
        c[i] += d[i];
#else
    const HalfPairs x0(b0);
    const HalfPairs x1(b1);
    const HalfPairs w0(a0);
    const HalfPairs w1(a1);
    multiplyHalves(c, w0.first, w1.first, w0.second, w1.second, x0.first, x0.second);
    const HalfPairs w2(a2);
    const HalfPairs w3(a3);
    multiplyHalves(c, w2.first, w3.first, w2.second, w3.second, x1.first, x1.second);
#endif
}

/// Two numbers rounded to e4m3, the first in the low byte; what is larger becomes ±448.
__device__ __forceinline__ uint32_t roundPair(float low, float high) {
#if __CUDA_ARCH__ >= 890
    uint16_t pair;
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(pair) : "f"(high), "f"(low));
    return pair;
#else
    return uint32_t(toE4m3(low)) | uint32_t(toE4m3(high)) << 8;
#endif
}

/// The scale of a row of activations (../../quantise.h) and its reciprocal.
struct InputScale {
    float scale;
    float inverse;

    __device__ static InputScale of(float largest) {
        const float scale = e4m3Scale(largest);
        return {scale, 1.0F / scale};
    }

    /// x / scale, rounded once (Markstein: the remainder corrects the product with the inverse).
    __device__ __forceinline__ float divide(float x) const {
        const float quotient = x * inverse;
        return fmaf(fmaf(-quotient, scale, x), inverse, quotient);
    }

    /// Two words of two bf16 each as four e4m3.
    __device__ __forceinline__ uint32_t quantise(uint32_t first, uint32_t second) const {
        return roundPair(divide(__uint_as_float(first << 16)),
                         divide(__uint_as_float(first & 0xFFFF0000U)))
               | roundPair(divide(__uint_as_float(second << 16)),
                           divide(__uint_as_float(second & 0xFFFF0000U)))
                     << 16;
    }
    /// The same of eight bf16.
    __device__ __forceinline__ uint2 quantise(const uint4& eight) const {
        return {quantise(eight.x, eight.y), quantise(eight.z, eight.w)};
    }
};

} // namespace lapidary::kernels::cuda
