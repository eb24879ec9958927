// Norms: a warp a row up to 1024 wide (heads), a block a row beyond (the residual stream). Which of
// the two depends on the width alone, so a row's bits do not depend on its neighbours.
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

// The same for the widths of residual streams, whose latency counts in every layer: a row in
// registers, eight numbers a thread at a time.
constexpr int kWideThreads = 512;
constexpr int64_t kWideNumbers = kWideThreads * 8; // of one vector a thread

struct Vector {
    float v[8];

    __device__ static Vector load(const Bf16* from) {
        const uint4 words = *reinterpret_cast<const uint4*>(from);
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
    // Rounds itself to bf16 and stores that.
    __device__ void store(Bf16* to) {
        uint32_t words[4];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            words[i] = uint32_t(toBits(v[2 * i])) | uint32_t(toBits(v[2 * i + 1])) << 16;
            v[2 * i] = toFloat(static_cast<Bf16>(words[i]));
            v[2 * i + 1] = __uint_as_float(words[i] & 0xFFFF0000U);
        }
        *reinterpret_cast<uint4*>(to) = {words[0], words[1], words[2], words[3]};
    }
    __device__ float squares() const {
        float sum = 0;
#pragma unroll
        for (const float x : v)
            sum += x * x;
        return sum;
    }
};

//   kVectors  of a thread; one leaves the multiprocessor registers for a block of the next kernel
template <int kVectors>
__global__ void __launch_bounds__(kWideThreads, kVectors == 1 ? 2 : 1)
    addNormedWideKernel(const __grid_constant__ AddNormedProblem p) {
    Vector weight[kVectors], next[kVectors];
    const auto each = [&](auto body) {
#pragma unroll
        for (int j = 0; j < kVectors; ++j) {
            const int64_t i = (int64_t(j) * kWideThreads + threadIdx.x) * 8;
            if (i < p.width)
                body(j, i);
        }
    };
    each([&](int j, int64_t i) {
        weight[j] = Vector::load(p.weight + i);
        if (p.nextWeight)
            next[j] = Vector::load(p.nextWeight + i);
    });
    waitForPrevious();
    startDependents();
    const int64_t at = int64_t(blockIdx.x) * p.width;
    Vector x[kVectors], residual[kVectors];
    float squares = 0;
    each([&](int j, int64_t i) {
        x[j] = Vector::load(p.x + at + i);
        residual[j] = Vector::load(p.residual + at + i);
        squares += x[j].squares();
    });
    const auto width = static_cast<float>(p.width);
    const float scale = rsqrtf(blockSum<kWideThreads>(squares) / width + p.epsilon);
    squares = 0;
    each([&](int j, int64_t i) {
#pragma unroll
        for (int e = 0; e < 8; ++e)
            residual[j].v[e] = (residual[j].v[e] + x[j].v[e] * scale * weight[j].v[e]) * p.scale;
        residual[j].store(p.residual + at + i);
        squares += residual[j].squares();
    });
    if (!p.nextWeight)
        return;
    const float nextScale = rsqrtf(blockSum<kWideThreads>(squares) / width + p.epsilon);
    float largest = 0;
    each([&](int j, int64_t i) {
        Vector y;
#pragma unroll
        for (int e = 0; e < 8; ++e)
            y.v[e] = residual[j].v[e] * nextScale * next[j].v[e];
        y.store(p.normed + at + i);
#pragma unroll
        for (const float value : y.v)
            largest = fmaxf(largest, fabsf(value));
    });
    if (!p.largest)
        return;
    largest = blockMax<kWideThreads>(largest);
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
    else if (p.width % 8 == 0 && p.width <= kWideNumbers)
        launchDependent(addNormedWideKernel<1>, rows, dim3(kWideThreads), 0, stream, p);
    else if (p.width % 8 == 0 && p.width <= 2 * kWideNumbers)
        launchDependent(addNormedWideKernel<2>, rows, dim3(kWideThreads), 0, stream, p);
    else
        launchDependent(addNormedKernel<kThreads>, rows, dim3(kThreads), 0, stream, p);
}

void layerNorm(const Bf16* x, const float* weight, const float* bias, int64_t rows, int64_t width,
               float epsilon, Bf16* y, cudaStream_t stream) {
    layerNormKernel<<<static_cast<unsigned>(rows), kThreads, 0, stream>>>(x, weight, bias, width,
                                                                          epsilon, y);
}

} // namespace lapidary::kernels::cuda
