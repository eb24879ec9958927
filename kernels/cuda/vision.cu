// Pooling of the vision tower's patches.
#include "cuda/device_math.cuh"
#include "cuda/rotate_store.h"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads)
    poolKernel(const Bf16* x, int64_t gridColumns, int64_t k, int64_t width, float factor,
               const float* bias, const float* scale, Bf16* y) {
    const int64_t columns = gridColumns / k;
    const int64_t row = blockIdx.x / columns * k, column = blockIdx.x % columns * k;
    for (int64_t i = threadIdx.x; i < width; i += kThreads) {
        float sum = 0;
        for (int64_t r = 0; r < k; ++r)
            for (int64_t c = 0; c < k; ++c)
                sum += toFloat(x[((row + r) * gridColumns + column + c) * width + i]);
        float value = sum / static_cast<float>(k * k) * factor;
        if (bias)
            value = (value - bias[i]) * scale[i];
        y[blockIdx.x * width + i] = toBits(value);
    }
}

} // namespace

void poolPatches(const Bf16* x, int64_t gridRows, int64_t gridColumns, int64_t k, int64_t width,
                 float factor, const float* bias, const float* scale, Bf16* y,
                 cudaStream_t stream) {
    poolKernel<<<static_cast<unsigned>((gridRows / k) * (gridColumns / k)), kThreads, 0, stream>>>(
        x, gridColumns, k, width, factor, bias, scale, y);
}

} // namespace lapidary::kernels::cuda
