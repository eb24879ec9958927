#pragma once

// The norms of a residual stream, a row a block: sum and next norm in one pass over registers,
// eight numbers a thread at a time. A thread adds up its squares, a warp those of its threads, and
// the warps follow in order.
#include "cuda/device_math.cuh"
#include "cuda/step_barrier.cuh"
#include "cuda/step_phase.h"

namespace lapidary::kernels::cuda {

struct Vector {
    float v[8];

    __device__ static Vector load(const Bf16* from) {
        return of(*reinterpret_cast<const uint4*>(from));
    }
    __device__ static Vector of(const uint4& words) {
        return {{toFloat(words.x & 0xFFFFU), __uint_as_float(words.x & 0xFFFF0000U),
                 toFloat(words.y & 0xFFFFU), __uint_as_float(words.y & 0xFFFF0000U),
                 toFloat(words.z & 0xFFFFU), __uint_as_float(words.z & 0xFFFF0000U),
                 toFloat(words.w & 0xFFFFU), __uint_as_float(words.w & 0xFFFF0000U)}};
    }
    __device__ static Vector load(const float* from) {
        const float4 a = reinterpret_cast<const float4*>(from)[0];
        const float4 b = reinterpret_cast<const float4*>(from)[1];
        return {{a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w}};
    }
    // Rounds itself to bf16 and stores that where it is `there`.
    __device__ void store(Bf16* to, bool there) {
        uint32_t words[4];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            words[i] = uint32_t(toBits(v[2 * i])) | uint32_t(toBits(v[2 * i + 1])) << 16;
            v[2 * i] = toFloat(static_cast<Bf16>(words[i]));
            v[2 * i + 1] = __uint_as_float(words[i] & 0xFFFF0000U);
        }
        if (there)
            *reinterpret_cast<uint4*>(to) = {words[0], words[1], words[2], words[3]};
    }
    __device__ float squares() const {
        float sum = 0;
#pragma unroll
        for (const float x : v)
            sum += x * x;
        return sum;
    }
    __device__ float largest() const {
        float largest = 0;
#pragma unroll
        for (const float x : v)
            largest = fmaxf(largest, fabsf(x));
        return largest;
    }
};

struct NormShared {
    float parts[3][kWorkers / 32]; ///< of each fold, a warp's
};

/// The fold of what the workers' warps come to, in their order; the same in all of them.
template <class Fold>
__device__ __forceinline__ float foldWarps(float (&parts)[kWorkers / 32], float ofWarp, Fold fold) {
    if (threadIdx.x % 32 == 0)
        parts[threadIdx.x / 32] = ofWarp;
    workerSync();
    return foldInOrder(parts, fold);
}

/// The rows that fall to a block of `blocks`. x may be null: then the residual is only normed.
///   kVectors  of a thread, of eight numbers; those beyond the width are read as the first, and
///             count and are stored as nothing
///   ready     called once, by all threads, before the rows are read
template <int kVectors, class Ready>
__device__ __forceinline__ void normRows(const AddNormedProblem& problem, int blocks,
                                         NormShared& shared, const Ready& ready) {
    const AddNormedProblem p = problem;
    const int width = static_cast<int>(p.width);
    const bool adds = p.x != nullptr;
    const bool goesOn = p.nextWeight != nullptr;
    int at[kVectors];
    bool there[kVectors];
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
        const int i = (j * kWorkers + static_cast<int>(threadIdx.x)) * 8;
        there[j] = i < width;
        at[j] = there[j] ? i : 0;
    }
    const auto scaleOf = [&](float(&parts)[kWorkers / 32], const Vector(&of)[kVectors]) {
        float squares = 0;
#pragma unroll
        for (int j = 0; j < kVectors; ++j)
            squares += there[j] ? of[j].squares() : 0.0F;
        const float sum =
            foldWarps(parts, warpSum(squares), [](float a, float b) { return a + b; });
        return rsqrtf(sum / static_cast<float>(width) + p.epsilon);
    };

    // Also where they are not used: nothing waits for them.
    const float* const weights = adds ? p.weight : p.nextWeight;
    const float* const nextWeights = goesOn ? p.nextWeight : p.weight;
    Vector weight[kVectors], next[kVectors];
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
        weight[j] = Vector::load(weights + at[j]);
        next[j] = Vector::load(nextWeights + at[j]);
    }
    ready();
#pragma unroll 1
    for (int row = static_cast<int>(blockIdx.x); row < p.rows; row += blocks) {
        Bf16* const residuals = p.residual + int64_t(row) * width;
        const Bf16* const xs = adds ? p.x + int64_t(row) * width : residuals;
        Vector x[kVectors], residual[kVectors];
#pragma unroll
        for (int j = 0; j < kVectors; ++j)
            x[j] = Vector::load(xs + at[j]);
#pragma unroll
        for (int j = 0; j < kVectors; ++j)
            residual[j] = Vector::load(residuals + at[j]);
        if (adds) {
            const float scale = scaleOf(shared.parts[0], x);
#pragma unroll
            for (int j = 0; j < kVectors; ++j) {
#pragma unroll
                for (int e = 0; e < 8; ++e)
                    residual[j].v[e] =
                        (residual[j].v[e] + x[j].v[e] * scale * weight[j].v[e]) * p.scale;
                residual[j].store(residuals + at[j], there[j]);
            }
        }
        if (goesOn) {
            const float scale = scaleOf(shared.parts[1], residual);
            Bf16* const normed = p.normed + int64_t(row) * width;
            float largest = 0;
#pragma unroll
            for (int j = 0; j < kVectors; ++j) {
                Vector y;
#pragma unroll
                for (int e = 0; e < 8; ++e)
                    y.v[e] = residual[j].v[e] * scale * next[j].v[e];
                y.store(normed + at[j], there[j]);
                largest = fmaxf(largest, there[j] ? y.largest() : 0.0F);
            }
            if (p.largest != nullptr) {
                const float most = foldWarps(shared.parts[2], warpMax(largest),
                                             [](float a, float b) { return fmaxf(a, b); });
                if (threadIdx.x == 0)
                    p.largest[row] = most;
            }
        }
        if (p.rows > blocks)
            workerSync(); // before the parts are written again
    }
}

} // namespace lapidary::kernels::cuda
