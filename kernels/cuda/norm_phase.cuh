#pragma once

// The norms of a residual stream, a row a block: sum and next norm in one pass over registers,
// eight numbers a thread at a time. A thread adds up its squares, a warp those of its threads, and
// the warps follow in order.
#include "cuda/device_math.cuh"
#include "cuda/hand_over.cuh"
#include "cuda/step_barrier.cuh"
#include "cuda/step_phase.h"

namespace lapidary::kernels::cuda {

struct Vector {
    float v[8];

    __device__ static Vector load(const Bf16* from) {
        return of(*reinterpret_cast<const uint4*>(from));
    }
    __device__ static Vector of(const uint4& words) {
        return {{__uint_as_float(words.x << 16), __uint_as_float(words.x & 0xFFFF0000U),
                 __uint_as_float(words.y << 16), __uint_as_float(words.y & 0xFFFF0000U),
                 __uint_as_float(words.z << 16), __uint_as_float(words.z & 0xFFFF0000U),
                 __uint_as_float(words.w << 16), __uint_as_float(words.w & 0xFFFF0000U)}};
    }
    __device__ static Vector load(const float* from) {
        const float4 a = reinterpret_cast<const float4*>(from)[0];
        const float4 b = reinterpret_cast<const float4*>(from)[1];
        return {{a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w}};
    }
    /// Rounds itself to bf16, and these bits.
    __device__ uint4 round() {
        uint32_t words[4];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            words[i] = packBits(v[2 * i], v[2 * i + 1]);
            v[2 * i] = __uint_as_float(words[i] << 16);
            v[2 * i + 1] = __uint_as_float(words[i] & 0xFFFF0000U);
        }
        return {words[0], words[1], words[2], words[3]};
    }
    // Rounds itself to bf16 and stores that where it is `there`.
    __device__ void store(Bf16* to, bool there) {
        const uint4 words = round();
        if (there)
            *reinterpret_cast<uint4*>(to) = words;
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

/// The norms of a row, whose numbers are kVectors vectors of each thread of a block; those beyond
/// the width are read as the first, and count and are stored as nothing.
template <int kVectors>
class RowNorm {
public:
    /// Asks for what it needs beside the row.
    __device__ RowNorm(const AddNormedProblem& problem, NormShared& shared)
        : shared_(shared)
        , width_(static_cast<int>(problem.width))
        , epsilon_(problem.epsilon)
        , factor_(problem.scale) {
        // Also where they are not used: nothing waits for them.
        const float* const weights = problem.x != nullptr ? problem.weight : problem.nextWeight;
        const float* const next =
            problem.nextWeight != nullptr ? problem.nextWeight : problem.weight;
#pragma unroll
        for (int j = 0; j < kVectors; ++j) {
            weight_[j] = Vector::load(weights + at(j));
            next_[j] = Vector::load(next + at(j));
        }
    }

    /// Where vector j of this thread begins.
    [[nodiscard]] __device__ int at(int j) const { return there(j) ? column(j) : 0; }
    [[nodiscard]] __device__ bool there(int j) const { return column(j) < width_; }

    /// residual = (residual + norm(x) ⊙ weight) · scale, not rounded yet.
    __device__ void add(const Vector (&x)[kVectors], Vector (&residual)[kVectors]) const {
        const float scale = scaleOf(shared_.parts[0], x);
#pragma unroll
        for (int j = 0; j < kVectors; ++j)
#pragma unroll
            for (int e = 0; e < 8; ++e)
                residual[j].v[e] =
                    (residual[j].v[e] + x[j].v[e] * scale * weight_[j].v[e]) * factor_;
    }
    /// y = norm(residual) ⊙ the next weight, not rounded yet.
    __device__ void next(const Vector (&residual)[kVectors], Vector (&y)[kVectors]) const {
        const float scale = scaleOf(shared_.parts[1], residual);
#pragma unroll
        for (int j = 0; j < kVectors; ++j)
#pragma unroll
            for (int e = 0; e < 8; ++e)
                y[j].v[e] = residual[j].v[e] * scale * next_[j].v[e];
    }
    __device__ float largest(const Vector (&y)[kVectors]) const {
        float largest = 0;
#pragma unroll
        for (int j = 0; j < kVectors; ++j)
            largest = fmaxf(largest, there(j) ? y[j].largest() : 0.0F);
        return foldWarps(shared_.parts[2], warpMax(largest),
                         [](float a, float b) { return fmaxf(a, b); });
    }

private:
    __device__ static int column(int j) {
        return (j * kWorkers + static_cast<int>(threadIdx.x)) * 8;
    }
    __device__ float scaleOf(float (&parts)[kWorkers / 32], const Vector (&of)[kVectors]) const {
        float squares = 0;
#pragma unroll
        for (int j = 0; j < kVectors; ++j)
            squares += there(j) ? of[j].squares() : 0.0F;
        const float sum =
            foldWarps(parts, warpSum(squares), [](float a, float b) { return a + b; });
        return rsqrtf(sum / static_cast<float>(width_) + epsilon_);
    }

    NormShared& shared_;
    const int width_;
    const float epsilon_, factor_;
    Vector weight_[kVectors], next_[kVectors];
};

/// The rows that fall to a block of `blocks`. x may be null: then the residual is only normed.
///   ready     called once, by all threads, before the rows are read
template <int kVectors, class Ready>
__device__ __forceinline__ void normRows(const NormPhase& phase, int blocks, NormShared& shared,
                                         const Ready& ready) {
    const AddNormedProblem p = phase.problem;
    const bool handed = phase.handed;
    Bf16* const handedNormed = phase.handedNormed;
    float* const handedLargest = phase.handedLargest;
    const RowNorm<kVectors> norm(p, shared);
    ready();
#pragma unroll 1
    for (int row = static_cast<int>(blockIdx.x); row < p.rows; row += blocks) {
        Bf16* const residuals = p.residual + int64_t(row) * p.width;
        const Bf16* const xs = p.x != nullptr ? p.x + int64_t(row) * p.width : residuals;
        uint4 eights[kVectors];
        Vector x[kVectors], residual[kVectors];
#pragma unroll
        for (int j = 0; j < kVectors; ++j)
            eights[j] = lookAtEight(xs + norm.at(j));
#pragma unroll
        for (int j = 0; j < kVectors; ++j)
            residual[j] = Vector::load(residuals + norm.at(j));
#pragma unroll
        for (int j = 0; j < kVectors; ++j) {
            if (handed)
                awaitEight(eights[j], xs + norm.at(j));
            x[j] = Vector::of(eights[j]);
        }
        if (p.x != nullptr) {
            norm.add(x, residual);
#pragma unroll
            for (int j = 0; j < kVectors; ++j)
                residual[j].store(residuals + norm.at(j), norm.there(j));
        }
        if (p.nextWeight != nullptr) {
            Vector y[kVectors];
            norm.next(residual, y);
#pragma unroll
            for (int j = 0; j < kVectors; ++j) {
                const uint4 bits = y[j].round();
                const int64_t to = int64_t(row) * p.width + norm.at(j);
                if (norm.there(j))
                    *reinterpret_cast<uint4*>(p.normed + to) = bits;
                if (norm.there(j) && handedNormed != nullptr)
                    handOver(handedNormed + to, bits);
            }
            if (p.largest != nullptr) {
                const float most = norm.largest(y);
                if (threadIdx.x == 0)
                    p.largest[row] = most;
                if (threadIdx.x == 0 && handedLargest != nullptr)
                    handOver(handedLargest + row, most);
            }
        }
        if (p.rows > blocks)
            workerSync(); // before the parts are written again
    }
}

} // namespace lapidary::kernels::cuda
