// Norms: a warp a row up to 1024 wide (heads), a block a row beyond (the residual stream). Which of
// the two depends on the width alone. Up to 16 rows of a residual stream are the step kernel's
// (norm_phase.cuh).
#include "cuda/arch/dependent_launch.cuh"
#include "cuda/device_math.cuh"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kWarpWidth = 1024;

// kShare threads, a warp or the block, have a row.

template <int kShare>
__device__ float inverseRms(const Bf16* x, int64_t width, float epsilon) {
    float sum = 0;
    for (int64_t i = threadIdx.x % kShare; i < width; i += kShare) {
        const float v = toFloat(x[i]);
        sum += v * v;
    }
    return rsqrtf(blockSum<kShare>(sum) / static_cast<float>(width) + epsilon);
}

template <int kShare>
__device__ int64_t rowOfThread() {
    return kShare == 32 ? int64_t(blockIdx.x) * (kThreads / 32) + threadIdx.x / 32
                        : int64_t(blockIdx.x);
}

// y = rms(x), and the largest magnitude of y where it is asked for.
template <int kShare>
__device__ void normRow(const Bf16* x, const float* weight, int64_t width, float epsilon, Bf16* y,
                        float* largest) {
    const float scale = inverseRms<kShare>(x, width, epsilon);
    float magnitude = 0;
    for (int64_t i = threadIdx.x % kShare; i < width; i += kShare) {
        const Bf16 bits = toBits(toFloat(x[i]) * scale * (weight ? weight[i] : 1.0F));
        y[i] = bits;
        magnitude = fmaxf(magnitude, fabsf(toFloat(bits)));
    }
    if (!largest)
        return;
    magnitude = blockMax<kShare>(magnitude);
    if (threadIdx.x % kShare == 0)
        *largest = magnitude;
}

template <int kShare>
__global__ void __launch_bounds__(kThreads)
    rmsNormKernel(const Bf16* x, const float* weight, int64_t rows, int64_t width, float epsilon,
                  Bf16* y, float* largest) {
    waitForPrevious();
    startDependents();
    const int64_t row = rowOfThread<kShare>();
    if (row < rows)
        normRow<kShare>(x + row * width, weight, width, epsilon, y + row * width,
                        largest ? largest + row : nullptr);
}

template <int kShare>
__global__ void __launch_bounds__(kThreads)
    addNormedKernel(const __grid_constant__ AddNormedProblem p) {
    waitForPrevious();
    startDependents();
    const int64_t row = rowOfThread<kShare>();
    if (row >= p.rows)
        return;
    const Bf16* x = p.x + row * p.width;
    Bf16* residual = p.residual + row * p.width;
    const float scale = inverseRms<kShare>(x, p.width, p.epsilon);
    for (int64_t i = threadIdx.x % kShare; i < p.width; i += kShare)
        residual[i] =
            toBits((toFloat(residual[i]) + toFloat(x[i]) * scale * p.weight[i]) * p.scale);
    // A thread reads what it wrote itself.
    if (p.nextWeight)
        normRow<kShare>(residual, p.nextWeight, p.width, p.epsilon, p.normed + row * p.width,
                        p.largest ? p.largest + row : nullptr);
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
             Bf16* y, float* largest, cudaStream_t stream) {
    if (width <= kWarpWidth)
        launchDependent(rmsNormKernel<32>, dim3(blocksFor(rows, kThreads / 32)), dim3(kThreads), 0,
                        stream, x, weight, rows, width, epsilon, y, largest);
    else
        launchDependent(rmsNormKernel<kThreads>, dim3(static_cast<unsigned>(rows)), dim3(kThreads),
                        0, stream, x, weight, rows, width, epsilon, y, largest);
}

void addNormed(const AddNormedProblem& p, cudaStream_t stream) {
    const dim3 rows(static_cast<unsigned>(p.rows));
    if (p.width <= kWarpWidth)
        launchDependent(addNormedKernel<32>, dim3(blocksFor(p.rows, kThreads / 32)), dim3(kThreads),
                        0, stream, p);
    else
        launchDependent(addNormedKernel<kThreads>, rows, dim3(kThreads), 0, stream, p);
}

void layerNorm(const Bf16* x, const float* weight, const float* bias, int64_t rows, int64_t width,
               float epsilon, Bf16* y, cudaStream_t stream) {
    layerNormKernel<<<static_cast<unsigned>(rows), kThreads, 0, stream>>>(x, weight, bias, width,
                                                                          epsilon, y);
}

} // namespace lapidary::kernels::cuda
