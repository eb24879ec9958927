#pragma once

// The end of a layer with experts: the norms of both branches, their sum, and what follows it.
#include "cuda/norm_phase.cuh"

namespace lapidary::kernels::cuda {

struct BranchShared {
    NormShared norm;
    float parts[2][kWorkers / 32];
};

/// The sum of both branches' norms, of the rows that fall to this block. Each number is left by the
/// thread that reads it afterwards.
template <int kVectors>
__device__ __forceinline__ void joinBranches(const BranchPhase& phase, int blocks,
                                             const PhaseMeeting& meeting, BranchShared& shared) {
    const int width = static_cast<int>(phase.sum.width);
    int at[kVectors];
    bool there[kVectors];
    Vector norm[kVectors], otherNorm[kVectors]; // nothing waits for them
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
        const int i = (j * kWorkers + static_cast<int>(threadIdx.x)) * 8;
        there[j] = i < width;
        at[j] = there[j] ? i : 0;
        norm[j] = Vector::load(phase.norm + at[j]);
        otherNorm[j] = Vector::load(phase.otherNorm + at[j]);
    }
    meeting.enter();
#pragma unroll 1
    for (int row = static_cast<int>(blockIdx.x); row < phase.sum.rows; row += blocks) {
        Bf16* const xs = phase.dense + int64_t(row) * width;
        const Bf16* const others = phase.other + int64_t(row) * width;
        Vector x[kVectors], other[kVectors];
#pragma unroll
        for (int j = 0; j < kVectors; ++j) {
            x[j] = Vector::load(xs + at[j]);
            other[j] = Vector::load(others + at[j]);
        }
        float squares[2] = {};
#pragma unroll
        for (int j = 0; j < kVectors; ++j) {
            squares[0] += there[j] ? x[j].squares() : 0.0F;
            squares[1] += there[j] ? other[j].squares() : 0.0F;
        }
#pragma unroll
        for (int branch = 0; branch < 2; ++branch) {
            const float sum = warpSum(squares[branch]);
            if (threadIdx.x % 32 == 0)
                shared.parts[branch][threadIdx.x / 32] = sum;
        }
        workerSync();
        float scales[2];
#pragma unroll
        for (int branch = 0; branch < 2; ++branch)
            scales[branch] =
                rsqrtf(foldInOrder(shared.parts[branch], [](float a, float b) { return a + b; })
                           / static_cast<float>(width)
                       + phase.epsilon);
#pragma unroll
        for (int j = 0; j < kVectors; ++j) {
#pragma unroll
            for (int e = 0; e < 8; ++e)
                x[j].v[e] = toFloat(toBits(x[j].v[e] * scales[0] * norm[j].v[e]))
                            + toFloat(toBits(other[j].v[e] * scales[1] * otherNorm[j].v[e]));
            x[j].store(xs + at[j], there[j]);
        }
        if (phase.sum.rows > blocks)
            workerSync(); // before the parts are written again
    }
}

/// The rows that fall to this block of the first `blocks`.
inline __device__ __noinline__ void endBranches(const BranchPhase& phase, int blocks,
                                                PhaseMeeting meeting, BranchShared& shared) {
    constexpr int kVectors = static_cast<int>(kWidestExpertInput) / 8 / kWorkers;
    normRows<kVectors>(NormPhase{phase.sum}, blocks, shared.norm,
                       [&] { joinBranches<kVectors>(phase, blocks, meeting, shared); });
}

} // namespace lapidary::kernels::cuda
