#pragma once

// Norm and rotation of one head by one warp: lane l holds the pairs (i, i + half) with i = l
// mod 32. One implementation for all kernels, so that what a prompt writes into the cache has the
// bits that single steps write.
#include "cuda/device_math.cuh"

namespace lapidary::kernels::cuda {

/// Sine and cosine of an angle of up to 2²⁰; |error| < 10⁻⁶, far below bf16's 2⁻⁹. The angle is
/// brought to ±π by multiply-adds with 2π in three pieces, so that it needs no table of digits.
__device__ __forceinline__ void sineAndCosine(float angle, float& sine, float& cosine) {
    constexpr float kTurn = 6.28125F; // 2π = kTurn + kRest + kLast; 9 bits: turns · kTurn is exact
    constexpr float kRest = 1.9350051879882812e-3F;
    constexpr float kLast = 3.0199159819569e-7F;
    const float turns = rintf(angle * 0.15915494309189535F);
    float rest = fmaf(-turns, kTurn, angle);
    rest = fmaf(-turns, kRest, rest);
    rest = fmaf(-turns, kLast, rest);
    __sincosf(rest, &sine, &cosine);
}

/// The pair (a, b) times scale and its weights, turned by `angle`.
__device__ __forceinline__ void rotatePair(float& a, float& b, float scale, float weightA,
                                           float weightB, float angle) {
    a = __fmul_rn(__fmul_rn(a, scale), weightA);
    b = __fmul_rn(__fmul_rn(b, scale), weightB);
    float sine, cosine;
    sineAndCosine(angle, sine, cosine);
    const float turned = fmaf(a, cosine, -__fmul_rn(b, sine));
    b = fmaf(b, cosine, __fmul_rn(a, sine));
    a = turned;
}

/// What the rotation of a head needs beside its numbers, for the pairs of a lane.
template <int kPairs>
struct HeadWeights {
    float low[kPairs], high[kPairs], frequency[kPairs];

    __device__ void load(const float* weight, const float* frequencies, int half) {
#pragma unroll
        for (int j = 0; j < kPairs; ++j) {
            const int i = threadIdx.x % 32 + 32 * j;
            low[j] = i < half ? weight[i] : 0.0F;
            high[j] = i < half ? weight[i + half] : 0.0F;
            frequency[j] = i < half ? frequencies[i] : 0.0F;
        }
    }
};

template <int kPairs>
struct HeadPairs {
    float low[kPairs], high[kPairs];

    __device__ void load(const Bf16* x, int half) {
#pragma unroll
        for (int j = 0; j < kPairs; ++j) {
            const int i = threadIdx.x % 32 + 32 * j;
            low[j] = i < half ? toFloat(x[i]) : 0.0F;
            high[j] = i < half ? toFloat(x[i + half]) : 0.0F;
        }
    }

    /// 1 / rms; the same in all lanes.
    __device__ float scale(int half, float epsilon) const {
        float sum = 0;
#pragma unroll
        for (int j = 0; j < kPairs; ++j)
            sum = fmaf(low[j], low[j], sum);
#pragma unroll
        for (int j = 0; j < kPairs; ++j)
            sum = fmaf(high[j], high[j], sum);
        return rsqrtf(warpSum(sum) / static_cast<float>(2 * half) + epsilon);
    }

    /// x = rms(x), and with weights rotate(rms(x) ⊙ weight): pair i turns by position · frequency
    /// i.
    __device__ void norm(int half, float epsilon) {
        const float factor = scale(half, epsilon);
#pragma unroll
        for (int j = 0; j < kPairs; ++j) {
            low[j] *= factor;
            high[j] *= factor;
        }
    }
    __device__ void normAndRotate(const HeadWeights<kPairs>& weights, int half, float epsilon,
                                  float position) {
        const float factor = scale(half, epsilon);
#pragma unroll
        for (int j = 0; j < kPairs; ++j)
            rotatePair(low[j], high[j], factor, weights.low[j], weights.high[j],
                       position * weights.frequency[j]);
    }

    /// Calls put(i, bits) for each of the numbers of this lane.
    template <class Put>
    __device__ void each(int half, Put put) const {
#pragma unroll
        for (int j = 0; j < kPairs; ++j) {
            const int i = threadIdx.x % 32 + 32 * j;
            if (i < half) {
                put(i, toBits(low[j]));
                put(i + half, toBits(high[j]));
            }
        }
    }
};

} // namespace lapidary::kernels::cuda
