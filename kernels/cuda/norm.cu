// Norms: a warp a row up to 1024 wide (heads), a block a row beyond (the residual stream). Which of
// the two depends on the width alone, so a row's bits do not depend on its neighbours.
#include "cuda/device_math.cuh"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kWarpWidth = 1024;

/// Threads that share a row, and how they add up.
template <int kShare>
__device__ float rowSum(float value) {
    if constexpr (kShare == 32)
        return warpSum(value);
    else
        return blockSum<kShare>(value);
}

template <int kShare>
__device__ float inverseRms(const Bf16* x, int64_t width, float epsilon) {
    float sum = 0;
    for (int64_t i = threadIdx.x % kShare; i < width; i += kShare) {
        const float v = toFloat(x[i]);
        sum += v * v;
    }
    return rsqrtf(rowSum<kShare>(sum) / static_cast<float>(width) + epsilon);
}

template <int kShare>
__device__ int64_t rowOfThread() {
    return kShare == 32 ? int64_t(blockIdx.x) * (kThreads / 32) + threadIdx.x / 32
                        : int64_t(blockIdx.x);
}

template <int kShare>
__global__ void __launch_bounds__(kThreads)
    rmsNormKernel(const Bf16* x, const float* weight, int64_t rows, int64_t width, float epsilon,
                  Bf16* y) {
    const int64_t row = rowOfThread<kShare>();
    if (row >= rows)
        return;
    x += row * width;
    y += row * width;
    const float scale = inverseRms<kShare>(x, width, epsilon);
    for (int64_t i = threadIdx.x % kShare; i < width; i += kShare)
        y[i] = toBits(toFloat(x[i]) * scale * (weight ? weight[i] : 1.0F));
}

template <int kShare>
__global__ void __launch_bounds__(kThreads)
    addNormedKernel(Bf16* residual, const Bf16* x, const float* weight, int64_t rows, int64_t width,
                    float epsilon, float factor) {
    const int64_t row = rowOfThread<kShare>();
    if (row >= rows)
        return;
    x += row * width;
    residual += row * width;
    const float scale = inverseRms<kShare>(x, width, epsilon);
    for (int64_t i = threadIdx.x % kShare; i < width; i += kShare)
        residual[i] = toBits((toFloat(residual[i]) + toFloat(x[i]) * scale * weight[i]) * factor);
}

__global__ void __launch_bounds__(kThreads)
    layerNormKernel(const Bf16* x, const float* weight, const float* bias, int64_t width,
                    float epsilon, Bf16* y) {
    x += blockIdx.x * width;
    y += blockIdx.x * width;
    float sum = 0;
    for (int64_t i = threadIdx.x; i < width; i += kThreads)
        sum += toFloat(x[i]);
    const float mean = blockSum<kThreads>(sum) / static_cast<float>(width);
    float square = 0;
    for (int64_t i = threadIdx.x; i < width; i += kThreads) {
        const float d = toFloat(x[i]) - mean;
        square += d * d;
    }
    const float scale = rsqrtf(blockSum<kThreads>(square) / static_cast<float>(width) + epsilon);
    for (int64_t i = threadIdx.x; i < width; i += kThreads)
        y[i] = toBits((toFloat(x[i]) - mean) * scale * weight[i] + bias[i]);
}

} // namespace

void rmsNorm(const Bf16* x, const float* weight, int64_t rows, int64_t width, float epsilon,
             Bf16* y, cudaStream_t stream) {
    if (width <= kWarpWidth)
        rmsNormKernel<32><<<blocksFor(rows, kThreads / 32), kThreads, 0, stream>>>(
            x, weight, rows, width, epsilon, y);
    else
        rmsNormKernel<kThreads><<<static_cast<unsigned>(rows), kThreads, 0, stream>>>(
            x, weight, rows, width, epsilon, y);
}

void addNormed(Bf16* residual, const Bf16* x, const float* weight, int64_t rows, int64_t width,
               float epsilon, float scale, cudaStream_t stream) {
    if (width <= kWarpWidth)
        addNormedKernel<32><<<blocksFor(rows, kThreads / 32), kThreads, 0, stream>>>(
            residual, x, weight, rows, width, epsilon, scale);
    else
        addNormedKernel<kThreads><<<static_cast<unsigned>(rows), kThreads, 0, stream>>>(
            residual, x, weight, rows, width, epsilon, scale);
}

void layerNorm(const Bf16* x, const float* weight, const float* bias, int64_t rows, int64_t width,
               float epsilon, Bf16* y, cudaStream_t stream) {
    layerNormKernel<<<static_cast<unsigned>(rows), kThreads, 0, stream>>>(x, weight, bias, width,
                                                                          epsilon, y);
}

} // namespace lapidary::kernels::cuda
