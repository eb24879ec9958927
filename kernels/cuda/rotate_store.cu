// Head norms, rotation and the way into the cache: a warp a head of a row.
#include "cuda/head_rotation.cuh"
#include "cuda/rotate_store.h"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = 128;

__device__ float headScale(const Bf16* x, int headDim, float epsilon) {
    float sum = 0;
    for (int i = threadIdx.x % 32; i < headDim; i += 32) {
        const float v = toFloat(x[i]);
        sum = fmaf(v, v, sum);
    }
    return rsqrtf(warpSum(sum) / static_cast<float>(headDim) + epsilon);
}

// y = rotate(rms(x) ⊙ weight): pair (i, i + half) of the `half` · 2 values turns by angle(i).
template <class Angle>
__device__ void normAndRotate(const Bf16* x, const float* weight, float scale, int half, Bf16* y,
                              Angle angle) {
    for (int i = threadIdx.x % 32; i < half; i += 32) {
        float a = toFloat(x[i]), b = toFloat(x[i + half]);
        float sine, cosine;
        sineAndCosine(angle(i), sine, cosine);
        rotatePair(a, b, scale, weight[i], weight[i + half], sine, cosine);
        y[i] = toBits(a);
        y[i + half] = toBits(b);
    }
}

/// A head of up to 64 · kPairs columns.
template <int kPairs>
__device__ void turnHead(const Bf16* x, const float* norm, const float* frequencies, int half,
                         float epsilon, float position, Bf16* y) {
    HeadPairs<kPairs> pairs;
    HeadWeights<kPairs> weights;
    pairs.load(x, half, false);
    weights.load(norm, frequencies, half);
    pairs.normAndRotate(weights, HeadTurn<kPairs>(weights, position), half, epsilon);
    pairs.each(half, [&](int i, uint2 bits) { *reinterpret_cast<uint2*>(y + i) = bits; });
}

template <int kPairs>
__global__ void __launch_bounds__(kThreads)
    textKernel(const __grid_constant__ RotateStoreProblem p) {
    const int64_t task = int64_t(blockIdx.x) * (kThreads / 32) + threadIdx.x / 32;
    const int owned = p.k ? p.kvHeads : 0;
    const int64_t row = task / (p.heads + owned);
    const int head = static_cast<int>(task % (p.heads + owned));
    if (row >= p.rows)
        return;
    const int64_t position = p.firstPosition + row;
    const auto angle = static_cast<float>(position);
    const int half = p.headDim / 2;
    if (head < p.heads) {
        Bf16* q = p.q + (row * p.heads + head) * p.headDim;
        turnHead<kPairs>(q, p.qNorm, p.frequencies, half, p.epsilon, angle, q);
        return;
    }
    const int64_t from = (row * p.kvHeads + head - p.heads) * p.headDim;
    const int64_t to = (position % p.capacity * p.kvHeads + head - p.heads) * p.headDim;
    HeadPairs<kPairs> v;
    v.load(p.v + from, half, false);
    turnHead<kPairs>(p.k + from, p.kNorm, p.frequencies, half, p.epsilon, angle, p.cacheK + to);
    v.norm(half, p.epsilon);
    v.each(half, [&](int i, uint2 bits) { *reinterpret_cast<uint2*>(p.cacheV + to + i) = bits; });
}

__global__ void __launch_bounds__(kThreads)
    visionKernel(const __grid_constant__ VisionRotateProblem p) {
    const int64_t task = int64_t(blockIdx.x) * (kThreads / 32) + threadIdx.x / 32;
    if (task >= p.patches * p.heads)
        return;
    const int64_t patch = task / p.heads;
    const int half = p.headDim / 2;
    const auto turn = [&](Bf16* x, const float* norm) {
        const float scale = headScale(x, p.headDim, p.epsilon);
        const int32_t places[] = {p.columns[patch], p.rows[patch]};
        for (int part = 0; part < 2; ++part)
            normAndRotate(
                x + part * half, norm + part * half, scale, half / 2, x + part * half,
                [&](int i) { return static_cast<float>(places[part]) * p.frequencies[i]; });
    };
    turn(p.q + task * p.headDim, p.qNorm);
    turn(p.k + task * p.headDim, p.kNorm);
    Bf16* v = p.v + task * p.headDim;
    const float scale = headScale(v, p.headDim, p.epsilon);
    for (int i = threadIdx.x % 32; i < p.headDim; i += 32)
        v[i] = toBits(toFloat(v[i]) * scale);
}

} // namespace

void rotateAndStore(const RotateStoreProblem& problem, cudaStream_t stream) {
    const int64_t tasks =
        int64_t(problem.rows) * (problem.heads + (problem.k ? problem.kvHeads : 0));
    const auto kernel = problem.headDim <= 256 ? textKernel<4> : textKernel<8>;
    kernel<<<blocksFor(tasks, kThreads / 32), kThreads, 0, stream>>>(problem);
}

void rotateVision(const VisionRotateProblem& problem, cudaStream_t stream) {
    visionKernel<<<blocksFor(problem.patches * problem.heads, kThreads / 32), kThreads, 0,
                   stream>>>(problem);
}

} // namespace lapidary::kernels::cuda
