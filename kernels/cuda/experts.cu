// The mixture of experts: routing of any number of rows, and experts whose rows begin off 16 bytes.
#include "cuda/arch/fp8.cuh"
#include "cuda/device_math.cuh"
#include "cuda/experts.h"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;
constexpr int kMostHidden = 8192;
constexpr int kMostChosen = 32;

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

// A row of x for the products of a block, in shared memory as f32: as it is, or as the values of
// its e4m3 codes. Returns the scale of those. Ends in a barrier.
template <ProductFormat kFormat>
__device__ float stageRow(const Bf16* x, int64_t count, float* to) {
    InputScale scale{1, 1};
    if constexpr (kFormat == ProductFormat::Fp8) {
        float largest = 0;
        for (int64_t i = threadIdx.x; i < count; i += kThreads)
            largest = fmaxf(largest, fabsf(toFloat(x[i])));
        scale = InputScale::of(blockMax<kThreads>(largest));
    }
    for (int64_t i = threadIdx.x; i < count; i += kThreads) {
        const float value = toFloat(x[i]);
        to[i] = kFormat == ProductFormat::Fp8
                    ? toFloat(static_cast<Bf16>(widenLowPair(roundPair(scale.divide(value), 0))))
                    : value;
    }
    __syncthreads();
    return scale.scale;
}

// A dot product of unscaled weights by one warp: lane l takes the values l + 32 i, in the order of
// i. x in shared memory.
template <ProductFormat kFormat>
__device__ float codeDot(const CardMatrix& w, int64_t row, const float* x, int64_t count) {
    float sum = 0;
    for (int64_t k = threadIdx.x % 32; k < count; k += 32) {
        const int64_t at = row * count + k;
        const Bf16 bits =
            kFormat == ProductFormat::Plain
                ? static_cast<const Bf16*>(w.numbers)[at]
                : static_cast<Bf16>(widenLowPair(static_cast<const uint8_t*>(w.numbers)[at]));
        sum += toFloat(bits) * x[k];
    }
    return warpSum(sum);
}

// A warp a channel of a pair: activated = gelu(gate x) ⊙ up x.
template <ProductFormat kFormat>
__global__ void __launch_bounds__(kThreads)
    activateKernel(const __grid_constant__ ExpertProblem p, Bf16* activated) {
    __shared__ float x[kMostHidden];
    const int64_t pair = blockIdx.y;
    const float scale = stageRow<kFormat>(p.x + pair / p.topK * p.hidden, p.hidden, x);
    const int64_t channel = int64_t(blockIdx.x) * kWarps + threadIdx.x / 32;
    if (channel >= p.width)
        return;
    const int64_t gateRow = int64_t(p.chosen[pair]) * 2 * p.width + channel;
    const int64_t upRow = gateRow + p.width;
    const float gate =
        codeDot<kFormat>(p.gateUp, gateRow, x, p.hidden) * (scale * p.gateUp.scale(gateRow));
    const float up =
        codeDot<kFormat>(p.gateUp, upRow, x, p.hidden) * (scale * p.gateUp.scale(upRow));
    if (threadIdx.x % 32 == 0)
        activated[pair * p.width + channel] = toBits(gelu(gate) * up);
}

// A warp a channel of a row: the experts' contributions in rank order.
template <ProductFormat kFormat>
__global__ void __launch_bounds__(kThreads)
    gatherKernel(const __grid_constant__ ExpertProblem p, const Bf16* activated) {
    __shared__ float x[kMostHidden]; // [topK, width]
    __shared__ float scales[kMostChosen];
    const int64_t row = blockIdx.y;
    for (int k = 0; k < p.topK; ++k) {
        const float scale =
            stageRow<kFormat>(activated + (row * p.topK + k) * p.width, p.width, x + k * p.width);
        if (threadIdx.x == 0)
            scales[k] = scale;
    }
    __syncthreads();
    const int64_t channel = int64_t(blockIdx.x) * kWarps + threadIdx.x / 32;
    if (channel >= p.hidden)
        return;
    float sum = 0;
    for (int k = 0; k < p.topK; ++k) {
        const int64_t pair = row * p.topK + k;
        const int64_t wRow = int64_t(p.chosen[pair]) * p.hidden + channel;
        sum += p.weights[pair]
               * (codeDot<kFormat>(p.down, wRow, x + k * p.width, p.width)
                  * (scales[k] * p.down.scale(wRow)));
    }
    if (threadIdx.x % 32 == 0)
        p.y[row * p.hidden + channel] = toBits(sum);
}

template <ProductFormat kFormat>
void launchExperts(const ExpertProblem& p, Bf16* activated, cudaStream_t stream) {
    const auto pairs = static_cast<unsigned>(p.rows * p.topK);
    activateKernel<kFormat>
        <<<dim3(blocksFor(p.width, kWarps), pairs), kThreads, 0, stream>>>(p, activated);
    gatherKernel<kFormat>
        <<<dim3(blocksFor(p.hidden, kWarps), static_cast<unsigned>(p.rows)), kThreads, 0, stream>>>(
            p, activated);
}

} // namespace

void route(const RouteProblem& problem, cudaStream_t stream) {
    routeKernel<<<static_cast<unsigned>(problem.rows), kThreads, 0, stream>>>(problem);
}

void expertsRagged(const ExpertProblem& p, Bf16* activated, cudaStream_t stream) {
    switch (p.gateUp.format) {
    case ProductFormat::Plain:
        return launchExperts<ProductFormat::Plain>(p, activated, stream);
    case ProductFormat::Fp8:
        return launchExperts<ProductFormat::Fp8>(p, activated, stream);
    case ProductFormat::Fp8Weights:
        return launchExperts<ProductFormat::Fp8Weights>(p, activated, stream);
    }
}

} // namespace lapidary::kernels::cuda
