#pragma once

#include "cuda/launch.h"

#include <cuda_bf16.h>

namespace lapidary::kernels::cuda {

__device__ __forceinline__ float toFloat(Bf16 bits) {
    return __uint_as_float(static_cast<uint32_t>(bits) << 16);
}

/// toBf16Bits (../quantise.h) in one instruction; NaN becomes 0x7FFF.
__device__ __forceinline__ Bf16 toBits(float value) {
    return __bfloat16_as_ushort(__float2bfloat16_rn(value));
}

/// Two numbers as bf16 in one register, the first in the low half.
__device__ __forceinline__ uint32_t packBits(float low, float high) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<const uint32_t*>(&pair);
}

/// gelu_tanh (gemma4.md 2.1): u/2 · (1 + tanh z) is u / (1 + e^(−2 z)), which loses nothing where
/// z is far below zero.
__device__ __forceinline__ float gelu(float u) {
    constexpr float kTwoRoots = 1.5957691216057308F; // 2 √(2/π)
    return __fdividef(u, 1.0F + __expf(-kTwoRoots * (u + 0.044715F * u * u * u)));
}

/// Elements of Backend::geluMultiply and Backend::scaledSum.
__device__ __forceinline__ Bf16 gatedElement(Bf16 gate, Bf16 up) {
    return toBits(gelu(toFloat(gate)) * toFloat(up));
}
__device__ __forceinline__ Bf16 summedElement(Bf16 a, Bf16 b, float scale) {
    return toBits((toFloat(a) + toFloat(b)) * scale);
}

/// The sum over a warp, the same in all lanes; the tree is fixed.
__device__ __forceinline__ float warpSum(float value) {
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2)
        value += __shfl_xor_sync(~0U, value, offset);
    return value;
}

__device__ __forceinline__ float warpMax(float value) {
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2)
        value = fmaxf(value, __shfl_xor_sync(~0U, value, offset));
    return value;
}

/// The fold of numbers in their order.
template <int kCount, class Fold>
__device__ __forceinline__ float foldInOrder(const float (&parts)[kCount], Fold fold) {
    float result = parts[0];
#pragma unroll
    for (int i = 1; i < kCount; ++i)
        result = fold(result, parts[i]);
    return result;
}

/// The fold of `kThreads`, the whole block or one warp, the same in all of them; warps are folded
/// in order.
template <int kThreads, class Fold>
__device__ float blockFold(float ofWarp, Fold fold) {
    if constexpr (kThreads == 32) {
        return ofWarp;
    } else {
        __shared__ float parts[kThreads / 32];
        __syncthreads(); // parts may still be read from an earlier call
        if (threadIdx.x % 32 == 0)
            parts[threadIdx.x / 32] = ofWarp;
        __syncthreads();
        return foldInOrder(parts, fold);
    }
}

template <int kThreads>
__device__ float blockSum(float value) {
    return blockFold<kThreads>(warpSum(value), [](float a, float b) { return a + b; });
}

template <int kThreads>
__device__ float blockMax(float value) {
    return blockFold<kThreads>(warpMax(value), [](float a, float b) { return fmaxf(a, b); });
}

/// Blocks of `threads` that cover `count` elements.
inline unsigned blocksFor(int64_t count, int threads) {
    return static_cast<unsigned>((count + threads - 1) / threads);
}

} // namespace lapidary::kernels::cuda
