#pragma once

// Norm and rotation of one head by one warp, which holds the pairs (i, i + half). One
// implementation for all kernels, so that what a prompt writes into the cache has the bits that
// single steps write.
#include "cuda/device_math.cuh"
#include "cuda/hand_over.cuh"

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

/// The pair (a, b) times scale and its weights, turned by the angle of `sine` and `cosine`.
__device__ __forceinline__ void rotatePair(float& a, float& b, float scale, float weightA,
                                           float weightB, float sine, float cosine) {
    a = __fmul_rn(__fmul_rn(a, scale), weightA);
    b = __fmul_rn(__fmul_rn(b, scale), weightB);
    const float turned = fmaf(a, cosine, -__fmul_rn(b, sine));
    b = fmaf(b, cosine, __fmul_rn(a, sine));
    a = turned;
}

/// The pairs of a lane come in groups of four: pair j is 4 · lane + j mod 4 + 128 · (j div 4).
/// `half` is a multiple of four, so a group is there or not.
__device__ __forceinline__ int firstPair(int group) {
    return static_cast<int>(threadIdx.x % 32) * 4 + group * 128;
}

/// What the rotation of a head needs beside its numbers, for the pairs of a lane.
template <int kPairs>
struct HeadWeights {
    float low[kPairs] = {}, high[kPairs] = {}, frequency[kPairs] = {};

    __device__ void load(const float* weight, const float* frequencies, int half) {
#pragma unroll
        for (int g = 0; g < kPairs / 4; ++g) {
            const int i = firstPair(g);
            if (i < half) {
                four(low + 4 * g, weight + i);
                four(high + 4 * g, weight + half + i);
                four(frequency + 4 * g, frequencies + i);
            }
        }
    }

private:
    __device__ static void four(float* to, const float* from) {
        const float4 v = *reinterpret_cast<const float4*>(from);
        to[0] = v.x;
        to[1] = v.y;
        to[2] = v.z;
        to[3] = v.w;
    }
};

/// By what the pairs of a lane turn at a position: pair i by position · frequency i.
template <int kPairs>
struct HeadTurn {
    float sine[kPairs], cosine[kPairs];

    __device__ HeadTurn(const HeadWeights<kPairs>& weights, float position) {
#pragma unroll
        for (int j = 0; j < kPairs; ++j)
            sineAndCosine(position * weights.frequency[j], sine[j], cosine[j]);
    }
};

template <int kPairs>
struct HeadPairs {
    float low[kPairs] = {}, high[kPairs] = {};

    /// Asks for the numbers.
    __device__ void look(const Bf16* x, int half) {
#pragma unroll
        for (int g = 0; g < kPairs / 4; ++g)
#pragma unroll
            for (int end = 0; end < 2; ++end)
                words_[g][end] =
                    firstPair(g) < half ? lookAtFour(x + end * half + firstPair(g)) : uint2{};
    }
    /// Takes them.
    ///   handed  whether they are handed over (hand_over.cuh)
    __device__ void await(const Bf16* x, int half, bool handed) {
#pragma unroll
        for (int g = 0; g < kPairs / 4; ++g) {
            const int i = firstPair(g);
            if (i >= half)
                continue;
            if (handed) {
                awaitFour(words_[g][0], x + i);
                awaitFour(words_[g][1], x + half + i);
            }
            four(low + 4 * g, words_[g][0]);
            four(high + 4 * g, words_[g][1]);
        }
    }
    __device__ void load(const Bf16* x, int half, bool handed) {
        look(x, half);
        await(x, half, handed);
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

    /// x = rms(x), and with weights rotate(rms(x) ⊙ weight).
    __device__ void norm(int half, float epsilon) {
        const float factor = scale(half, epsilon);
#pragma unroll
        for (int j = 0; j < kPairs; ++j) {
            low[j] *= factor;
            high[j] *= factor;
        }
    }
    __device__ void normAndRotate(const HeadWeights<kPairs>& weights, const HeadTurn<kPairs>& turn,
                                  int half, float epsilon) {
        const float factor = scale(half, epsilon);
#pragma unroll
        for (int j = 0; j < kPairs; ++j)
            rotatePair(low[j], high[j], factor, weights.low[j], weights.high[j], turn.sine[j],
                       turn.cosine[j]);
    }

    /// Calls put(i, bits) for four numbers at a time, from number i on.
    template <class Put>
    __device__ void each(int half, Put put) const {
#pragma unroll
        for (int g = 0; g < kPairs / 4; ++g) {
            const int i = firstPair(g);
            if (i < half) {
                put(i, bitsOf(low + 4 * g));
                put(i + half, bitsOf(high + 4 * g));
            }
        }
    }

private:
    __device__ static void four(float* to, uint2 words) {
        to[0] = __uint_as_float(words.x << 16);
        to[1] = __uint_as_float(words.x & 0xFFFF0000U);
        to[2] = __uint_as_float(words.y << 16);
        to[3] = __uint_as_float(words.y & 0xFFFF0000U);
    }
    __device__ static uint2 bitsOf(const float* from) {
        return {packBits(from[0], from[1]), packBits(from[2], from[3])};
    }

    uint2 words_[kPairs / 4][2];
};

} // namespace lapidary::kernels::cuda
