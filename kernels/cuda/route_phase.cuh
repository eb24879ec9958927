#pragma once

// The logits of a router for 1 to 16 rows. A block takes an expert, a warp a row: x / rms(x) ⊙
// scale · factor meets the expert's row of the matrix, which is multiplied by the scale while the
// rows are not there yet.
#include "cuda/norm_phase.cuh"

namespace lapidary::kernels::cuda {

struct RouteShared {
    float weighted[kWidestNorm]; ///< a row of the router's matrix ⊙ scale
};

/// The experts that fall to this block of the first `blocks`.
__device__ inline void routeRows(const RoutePhase& phase, int blocks, const PhaseMeeting& meeting,
                                 RouteShared& shared) {
    const RouteProblem& p = phase.problem;
    const int hidden = static_cast<int>(p.hidden);
    const int lane = threadIdx.x % 32;
    constexpr int kAtOnce = 12; // loads of a lane
#pragma unroll 1
    for (int expert = static_cast<int>(blockIdx.x); expert < p.experts; expert += blocks) {
        if (expert >= blocks)
            workerSync(); // the expert before is no longer read
        for (int k = static_cast<int>(threadIdx.x) * 8; k < hidden; k += kWorkers * 8) {
            const Vector w = Vector::load(p.proj + int64_t(expert) * hidden + k);
            const Vector scale = Vector::load(p.scale + k);
#pragma unroll
            for (int e = 0; e < 8; ++e)
                shared.weighted[k + e] = w.v[e] * scale.v[e];
        }
        if (expert < blocks)
            meeting.enter();
        else
            workerSync();
#pragma unroll 1
        for (int row = static_cast<int>(threadIdx.x) / 32; row < p.rows; row += kWorkers / 32) {
            const Bf16* const from = p.x + int64_t(row) * hidden;
            float squares = 0;
            float dot = 0;
#pragma unroll 1
            for (int begin = 0; begin < hidden; begin += kAtOnce * 32 * 8) {
                uint4 eights[kAtOnce];
#pragma unroll
                for (int i = 0; i < kAtOnce; ++i) {
                    const int k = begin + (i * 32 + lane) * 8;
                    eights[i] = k < hidden ? *reinterpret_cast<const uint4*>(from + k) : uint4{};
                }
#pragma unroll
                for (int i = 0; i < kAtOnce; ++i) {
                    const int k = begin + (i * 32 + lane) * 8;
                    if (k >= hidden)
                        continue;
                    const Vector x = Vector::of(eights[i]);
                    const Vector w = Vector::load(shared.weighted + k);
                    squares += x.squares();
#pragma unroll
                    for (int e = 0; e < 8; ++e)
                        dot += x.v[e] * w.v[e];
                }
            }
            const float scale =
                rsqrtf(warpSum(squares) / static_cast<float>(hidden) + p.epsilon) * p.factor;
            dot = warpSum(dot);
            if (lane == 0)
                phase.logits[row * p.experts + expert] = dot * scale;
        }
    }
}

} // namespace lapidary::kernels::cuda
