#include "cuda/quantise.h"

#include "cuda/arch/fp8.cuh"
#include "cuda/device_math.cuh"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = 256;

__device__ float largestOfRow(const Bf16* x, int64_t columns) {
    float largest = 0;
    for (int64_t i = threadIdx.x; i < columns; i += kThreads)
        largest = fmaxf(largest, fabsf(toFloat(x[i])));
    return blockMax<kThreads>(largest);
}

__global__ void __launch_bounds__(kThreads)
    largestKernel(const Bf16* x, int64_t columns, float* largest) {
    const float value = largestOfRow(x + blockIdx.x * columns, columns);
    if (threadIdx.x == 0)
        largest[blockIdx.x] = value;
}

/// The scale of a row of x, which is also left at `scales`; the whole block.
__device__ InputScale scaleOfRow(const Bf16* x, int64_t columns, float* scales) {
    const InputScale scale = InputScale::of(largestOfRow(x, columns));
    if (threadIdx.x == 0)
        scales[blockIdx.x] = scale.scale;
    return scale;
}

__global__ void __launch_bounds__(kThreads)
    quantiseKernel(const Bf16* x, int64_t columns, uint8_t* codes, float* scales) {
    x += blockIdx.x * columns;
    codes += blockIdx.x * columns;
    const InputScale scale = scaleOfRow(x, columns, scales);
    if (columns % 4 == 0) {
        for (int64_t i = threadIdx.x * 4; i < columns; i += kThreads * 4) {
            const uint2 four = *reinterpret_cast<const uint2*>(x + i);
            *reinterpret_cast<uint32_t*>(codes + i) = scale.quantise(four.x, four.y);
        }
    } else {
        for (int64_t i = threadIdx.x; i < columns; i += kThreads)
            codes[i] = static_cast<uint8_t>(roundPair(scale.divide(toFloat(x[i])), 0));
    }
}

__global__ void __launch_bounds__(kThreads)
    roundKernel(const Bf16* x, int64_t columns, Bf16* values, float* scales) {
    x += blockIdx.x * columns;
    values += blockIdx.x * columns;
    const InputScale scale = scaleOfRow(x, columns, scales);
    for (int64_t i = threadIdx.x; i < columns; i += kThreads)
        values[i] = static_cast<Bf16>(widenLowPair(roundPair(scale.divide(toFloat(x[i])), 0)));
}

__global__ void __launch_bounds__(kThreads)
    widenKernel(const uint32_t* codes, int64_t words, uint2* values) {
    const int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x;
    if (i < words)
        values[i] = {widenLowPair(codes[i]), widenHighPair(codes[i])};
}

__global__ void __launch_bounds__(kThreads)
    scaleKernel(const float* sums, const float* rowScales, const float* channelScales,
                int64_t channels, Bf16* y) {
    const int64_t channel = int64_t(blockIdx.x) * kThreads + threadIdx.x;
    if (channel >= channels)
        return;
    const int64_t at = blockIdx.y * channels + channel;
    y[at] =
        toBits(sums[at] * ((rowScales ? rowScales[blockIdx.y] : 1.0F) * channelScales[channel]));
}

} // namespace

void quantiseRows(const Bf16* x, int64_t rows, int64_t columns, uint8_t* codes, float* scales,
                  cudaStream_t stream) {
    quantiseKernel<<<static_cast<unsigned>(rows), kThreads, 0, stream>>>(x, columns, codes, scales);
}

void roundRows(const Bf16* x, int64_t rows, int64_t columns, Bf16* values, float* scales,
               cudaStream_t stream) {
    roundKernel<<<static_cast<unsigned>(rows), kThreads, 0, stream>>>(x, columns, values, scales);
}

void largestOfRows(const Bf16* x, int64_t rows, int64_t columns, float* largest,
                   cudaStream_t stream) {
    largestKernel<<<static_cast<unsigned>(rows), kThreads, 0, stream>>>(x, columns, largest);
}

void widenCodes(const uint8_t* codes, int64_t count, Bf16* values, cudaStream_t stream) {
    widenKernel<<<blocksFor(count / 4, kThreads), kThreads, 0, stream>>>(
        reinterpret_cast<const uint32_t*>(codes), count / 4, reinterpret_cast<uint2*>(values));
}

void scaleSums(const float* sums, const float* rowScales, const float* channelScales, int64_t rows,
               int64_t channels, Bf16* y, cudaStream_t stream) {
    scaleKernel<<<dim3(blocksFor(channels, kThreads), static_cast<unsigned>(rows)), kThreads, 0,
                  stream>>>(sums, rowScales, channelScales, channels, y);
}

} // namespace lapidary::kernels::cuda
