// The mixture of experts for few rows: routing, and products that read each chosen expert once.
#include "cuda/device_math.cuh"
#include "cuda/experts.h"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;
constexpr int kMostExperts = 512;
constexpr int kMostHidden = 8192;

// A dot product by one warp: lane l takes the values 8 (l + 32 i) …, in the order of i.
__device__ float warpDot(const Bf16* w, const float* x, int64_t count) {
    float sum = 0;
    if (count % 8 == 0 && reinterpret_cast<uintptr_t>(w) % 16 == 0) {
        for (int64_t k = threadIdx.x % 32 * 8; k < count; k += 256) {
            const uint4 v = __ldcs(reinterpret_cast<const uint4*>(w + k));
            const uint32_t words[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                sum += toFloat(static_cast<Bf16>(words[i])) * x[k + 2 * i];
                sum += toFloat(static_cast<Bf16>(words[i] >> 16)) * x[k + 2 * i + 1];
            }
        }
    } else {
        for (int64_t k = threadIdx.x % 32; k < count; k += 32)
            sum += toFloat(w[k]) * x[k];
    }
    return warpSum(sum);
}

// A block a row.
__global__ void __launch_bounds__(kThreads) routeKernel(const __grid_constant__ RouteProblem p) {
    __shared__ float t[kMostHidden];
    __shared__ float probability[kMostExperts];
    const Bf16* x = p.x + blockIdx.x * p.hidden;
    float square = 0;
    for (int64_t i = threadIdx.x; i < p.hidden; i += kThreads)
        square += toFloat(x[i]) * toFloat(x[i]);
    const float scale =
        rsqrtf(blockSum<kThreads>(square) / static_cast<float>(p.hidden) + p.epsilon);
    for (int64_t i = threadIdx.x; i < p.hidden; i += kThreads)
        t[i] = toFloat(x[i]) * scale * p.scale[i] * p.factor;
    __syncthreads();
    for (int e = threadIdx.x / 32; e < p.experts; e += kWarps) {
        const float logit = warpDot(p.proj + e * p.hidden, t, p.hidden);
        if (threadIdx.x % 32 == 0)
            probability[e] = logit;
    }
    __syncthreads();
    // One warp chooses: topK times the largest, ties to the lower index. The softmax over all
    // experts cancels in the renormalisation.
    if (threadIdx.x >= 32)
        return;
    float largest = -INFINITY;
    float sum = 0;
    for (int k = 0; k < p.topK; ++k) {
        float best = -INFINITY;
        int index = kMostExperts;
        for (int e = threadIdx.x; e < p.experts; e += 32)
            if (probability[e] > best) {
                best = probability[e];
                index = e;
            }
        for (int offset = 16; offset > 0; offset /= 2) {
            const float other = __shfl_xor_sync(~0U, best, offset);
            const int otherIndex = __shfl_xor_sync(~0U, index, offset);
            if (other > best || (other == best && otherIndex < index)) {
                best = other;
                index = otherIndex;
            }
        }
        if (k == 0)
            largest = best;
        sum += expf(best - largest);
        if (threadIdx.x == 0) {
            p.chosen[blockIdx.x * p.topK + k] = index;
            p.weights[blockIdx.x * p.topK + k] = expf(best - largest) * p.perExpertScale[index];
            probability[index] = -INFINITY;
        }
        __syncwarp();
    }
    for (int k = threadIdx.x; k < p.topK; k += 32)
        p.weights[blockIdx.x * p.topK + k] /= sum;
}

__device__ float warpDot(const Bf16* w, const Bf16* x, int64_t count) {
    float sum = 0;
    if (count % 8 == 0
        && (reinterpret_cast<uintptr_t>(w) | reinterpret_cast<uintptr_t>(x)) % 16 == 0) {
        for (int64_t k = threadIdx.x % 32 * 8; k < count; k += 256) {
            const uint4 a = __ldcs(reinterpret_cast<const uint4*>(w + k));
            const uint4 b = *reinterpret_cast<const uint4*>(x + k);
            const uint32_t as[4] = {a.x, a.y, a.z, a.w}, bs[4] = {b.x, b.y, b.z, b.w};
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                sum += toFloat(static_cast<Bf16>(as[i])) * toFloat(static_cast<Bf16>(bs[i]));
                sum += toFloat(static_cast<Bf16>(as[i] >> 16))
                       * toFloat(static_cast<Bf16>(bs[i] >> 16));
            }
        }
    } else {
        for (int64_t k = threadIdx.x % 32; k < count; k += 32)
            sum += toFloat(w[k]) * toFloat(x[k]);
    }
    return warpSum(sum);
}

// A warp a channel of a pair: activated = gelu(gate x) ⊙ up x.
__global__ void __launch_bounds__(kThreads)
    activateKernel(const __grid_constant__ ExpertProblem p, Bf16* activated) {
    const int64_t channel = int64_t(blockIdx.x) * kWarps + threadIdx.x / 32;
    if (channel >= p.width)
        return;
    const int64_t pair = blockIdx.y;
    const Bf16* x = p.x + pair / p.topK * p.hidden;
    const Bf16* w = p.gateUp + int64_t(p.chosen[pair]) * 2 * p.width * p.hidden;
    const float gate = warpDot(w + channel * p.hidden, x, p.hidden);
    const float up = warpDot(w + (p.width + channel) * p.hidden, x, p.hidden);
    if (threadIdx.x % 32 == 0)
        activated[pair * p.width + channel] = toBits(gelu(gate) * up);
}

// A warp a channel of a row: the experts' contributions in rank order.
__global__ void __launch_bounds__(kThreads)
    gatherKernel(const __grid_constant__ ExpertProblem p, const Bf16* activated) {
    const int64_t channel = int64_t(blockIdx.x) * kWarps + threadIdx.x / 32;
    if (channel >= p.hidden)
        return;
    const int64_t row = blockIdx.y;
    float sum = 0;
    for (int64_t pair = row * p.topK; pair < (row + 1) * p.topK; ++pair) {
        const Bf16* w = p.down + (int64_t(p.chosen[pair]) * p.hidden + channel) * p.width;
        sum += p.weights[pair] * warpDot(w, activated + pair * p.width, p.width);
    }
    if (threadIdx.x % 32 == 0)
        p.y[row * p.hidden + channel] = toBits(sum);
}

} // namespace

void route(const RouteProblem& problem, cudaStream_t stream) {
    routeKernel<<<static_cast<unsigned>(problem.rows), kThreads, 0, stream>>>(problem);
}

void expertsSkinny(const ExpertProblem& p, Bf16* activated, cudaStream_t stream) {
    const auto pairs = static_cast<unsigned>(p.rows * p.topK);
    activateKernel<<<dim3(blocksFor(p.width, kWarps), pairs), kThreads, 0, stream>>>(p, activated);
    gatherKernel<<<dim3(blocksFor(p.hidden, kWarps), static_cast<unsigned>(p.rows)), kThreads, 0,
                   stream>>>(p, activated);
}

} // namespace lapidary::kernels::cuda
