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

/// Of rows of any length, which are read twice.
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

/// Of rows that shared memory holds: each number is made once, eight at a time.
///   eight(row, i)  numbers 8 i to 8 i + 7 of a row, bf16
template <class Eight>
__global__ void __launch_bounds__(kThreads)
    quantiseOnceKernel(Eight eight, int eights, uint2* codes, float* scales) {
    extern __shared__ uint4 numbers[]; // a thread reads what it wrote itself
    float largest = 0;
    for (int i = threadIdx.x; i < eights; i += kThreads) {
        const uint4 words = eight(blockIdx.x, i);
        numbers[i] = words;
        for (const uint32_t pair : {words.x, words.y, words.z, words.w})
            largest = fmaxf(largest, fmaxf(fabsf(__uint_as_float(pair << 16)),
                                           fabsf(__uint_as_float(pair & 0xFFFF0000U))));
    }
    const InputScale scale = InputScale::of(blockMax<kThreads>(largest));
    if (threadIdx.x == 0)
        scales[blockIdx.x] = scale.scale;
    codes += int64_t(blockIdx.x) * eights;
    for (int i = threadIdx.x; i < eights; i += kThreads) {
        const uint4 words = numbers[i];
        codes[i] = {scale.quantise(words.x, words.y), scale.quantise(words.z, words.w)};
    }
}

/// Whether shared memory holds a row, without being asked for more than every kernel gets.
bool heldAtOnce(int64_t columns) {
    return columns % 8 == 0 && columns * int64_t(sizeof(Bf16)) <= 47 << 10;
}

template <class Eight>
void quantiseOnce(Eight eight, int64_t rows, int64_t columns, uint8_t* codes, float* scales,
                  cudaStream_t stream) {
    quantiseOnceKernel<<<static_cast<unsigned>(rows), kThreads,
                         static_cast<size_t>(columns) * sizeof(Bf16), stream>>>(
        eight, static_cast<int>(columns / 8), reinterpret_cast<uint2*>(codes), scales);
}

__device__ uint32_t gatedPair(uint32_t gate, uint32_t up) {
    return uint32_t(gatedElement(static_cast<Bf16>(gate), static_cast<Bf16>(up)))
           | uint32_t(gatedElement(static_cast<Bf16>(gate >> 16), static_cast<Bf16>(up >> 16)))
                 << 16;
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
    if (heldAtOnce(columns) && reinterpret_cast<uintptr_t>(x) % sizeof(uint4) == 0
        && reinterpret_cast<uintptr_t>(codes) % sizeof(uint2) == 0) {
        const auto* const from = reinterpret_cast<const uint4*>(x);
        const int64_t eights = columns / 8;
        quantiseOnce([=] __device__(int64_t row, int i) { return from[row * eights + i]; }, rows,
                     columns, codes, scales, stream);
        return;
    }
    quantiseKernel<<<static_cast<unsigned>(rows), kThreads, 0, stream>>>(x, columns, codes, scales);
}

bool quantiseGated(const Bf16* gate, const Bf16* up, int64_t rows, int64_t columns, uint8_t* codes,
                   float* scales, cudaStream_t stream) {
    if (!heldAtOnce(columns))
        return false;
    const auto* const gates = reinterpret_cast<const uint4*>(gate);
    const auto* const ups = reinterpret_cast<const uint4*>(up);
    const int64_t eights = columns / 8;
    quantiseOnce(
        [=] __device__(int64_t row, int i) {
            const uint4 g = gates[row * eights + i], u = ups[row * eights + i];
            return uint4{gatedPair(g.x, u.x), gatedPair(g.y, u.y), gatedPair(g.z, u.z),
                         gatedPair(g.w, u.w)};
        },
        rows, columns, codes, scales, stream);
    return true;
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
