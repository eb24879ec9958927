#include "cuda/ragged.h"

#include "cuda/arch/fp8.cuh"
#include "cuda/device_math.cuh"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kWarps = 8;

__device__ float number(const SkinnyProduct& p, int64_t at) {
    const void* w = p.segments[0].w;
    if (p.format == ProductFormat::Plain)
        return toFloat(static_cast<const Bf16*>(w)[at]);
    return toFloat(static_cast<Bf16>(widenLowPair(static_cast<const uint8_t*>(w)[at])));
}

// A warp a channel of a row.
__global__ void __launch_bounds__(kWarps * 32)
    raggedKernel(const __grid_constant__ SkinnyProduct p, bool single, float cap) {
    const int channel = static_cast<int>(blockIdx.x) * kWarps + threadIdx.x / 32;
    const SkinnySegment& segment = p.segments[0];
    if (channel >= segment.channels)
        return;
    const int64_t row = blockIdx.y;
    const Bf16* x = p.x + row * p.columns;
    const bool quantised = p.format == ProductFormat::Fp8;
    InputScale scale{1, 1};
    if (quantised) {
        float largest = 0;
        for (int i = threadIdx.x % 32; i < p.pieces; i += 32)
            largest = fmaxf(largest, p.largest[row * p.pieces + i]);
        scale = InputScale::of(warpMax(largest));
    }
    float sum = 0;
    for (int k = threadIdx.x % 32; k < p.columns; k += 32) {
        float value = toFloat(x[k]);
        if (quantised)
            value = toFloat(static_cast<Bf16>(widenLowPair(roundPair(scale.divide(value), 0))));
        sum += number(p, int64_t(channel) * p.columns + k) * value;
    }
    sum = warpSum(sum);
    if (threadIdx.x % 32 != 0)
        return;
    if (segment.scales)
        sum *= quantised ? scale.scale * segment.scales[channel] : segment.scales[channel];
    const int64_t at = row * segment.channels + channel;
    if (single)
        static_cast<float*>(segment.y)[at] = cap > 0 ? cap * tanhf(sum / cap) : sum;
    else
        static_cast<Bf16*>(segment.y)[at] = toBits(sum);
}

} // namespace

void raggedProduct(const SkinnyProduct& p, bool single, float cap, cudaStream_t stream) {
    raggedKernel<<<dim3(blocksFor(p.segments[0].channels, kWarps), static_cast<unsigned>(p.rows)),
                   kWarps * 32, 0, stream>>>(p, single, cap);
}

} // namespace lapidary::kernels::cuda
