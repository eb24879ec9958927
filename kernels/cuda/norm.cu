// Norms: a warp a row up to 1024 wide (heads), a block a row beyond (the residual stream). Which of
// the two depends on the width alone. Up to 16 rows of a residual stream are the step kernel's
// (norm_phase.cuh).
#include "cuda/arch/dependent_launch.cuh"
#include "cuda/norm_phase.cuh"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kWarpWidth = 1024;
constexpr int64_t kRowOfVectors = kThreads * 8; // a vector of eight a thread

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

/// The same of rows that the registers of a block hold, eight numbers of a thread at a time.
template <int kVectors>
__global__ void __launch_bounds__(kThreads)
    addNormedRowKernel(const __grid_constant__ AddNormedProblem p) {
    waitForPrevious();
    startDependents();
    const int width = static_cast<int>(p.width);
    const int64_t row = blockIdx.x * p.width;
    int at[kVectors]; // beyond the width: the first, which counts and is stored as nothing
    bool there[kVectors];
    Vector x[kVectors], sum[kVectors];
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
        const int i = (j * kThreads + static_cast<int>(threadIdx.x)) * 8;
        there[j] = i < width;
        at[j] = there[j] ? i : 0;
        x[j] = Vector::load(p.x + row + at[j]);
        sum[j] = Vector::load(p.residual + row + at[j]);
    }
    const auto scaleOf = [&](const Vector(&of)[kVectors]) {
        float squares = 0;
#pragma unroll
        for (int j = 0; j < kVectors; ++j)
            squares += there[j] ? of[j].squares() : 0.0F;
        return rsqrtf(blockSum<kThreads>(squares) / static_cast<float>(width) + p.epsilon);
    };
    const float scale = scaleOf(x);
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
        const Vector weight = Vector::load(p.weight + at[j]);
#pragma unroll
        for (int e = 0; e < 8; ++e)
            sum[j].v[e] = (sum[j].v[e] + x[j].v[e] * scale * weight.v[e]) * p.scale;
        sum[j].store(p.residual + row + at[j], there[j]);
    }
    if (!p.nextWeight)
        return;
    const float nextScale = scaleOf(sum);
    float largest = 0;
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
        Vector y = Vector::load(p.nextWeight + at[j]);
#pragma unroll
        for (int e = 0; e < 8; ++e)
            y.v[e] *= sum[j].v[e] * nextScale;
        y.store(p.normed + row + at[j], there[j]);
        largest = fmaxf(largest, there[j] ? y.largest() : 0.0F);
    }
    if (!p.largest)
        return;
    largest = blockMax<kThreads>(largest);
    if (threadIdx.x == 0)
        p.largest[blockIdx.x] = largest;
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
    else if (p.width % 8 == 0 && p.width <= 2 * kRowOfVectors)
        launchDependent(addNormedRowKernel<2>, rows, dim3(kThreads), 0, stream, p);
    else if (p.width % 8 == 0 && p.width <= 4 * kRowOfVectors)
        launchDependent(addNormedRowKernel<4>, rows, dim3(kThreads), 0, stream, p);
    else
        launchDependent(addNormedKernel<kThreads>, rows, dim3(kThreads), 0, stream, p);
}

void layerNorm(const Bf16* x, const float* weight, const float* bias, int64_t rows, int64_t width,
               float epsilon, Bf16* y, cudaStream_t stream) {
    layerNormKernel<<<static_cast<unsigned>(rows), kThreads, 0, stream>>>(x, weight, bias, width,
                                                                          epsilon, y);
}

} // namespace lapidary::kernels::cuda
