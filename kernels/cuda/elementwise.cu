// Operations of one element each.
#include "cuda/device_math.cuh"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = 256;

template <class Operation>
__global__ void __launch_bounds__(kThreads) eachElement(int64_t count, Operation operation) {
    const int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x;
    if (i < count)
        operation(i);
}

template <class Operation>
void forEach(int64_t count, cudaStream_t stream, Operation operation) {
    eachElement<<<blocksFor(count, kThreads), kThreads, 0, stream>>>(count, operation);
}

} // namespace

void geluMultiply(const Bf16* gate, const Bf16* up, Bf16* y, int64_t count, cudaStream_t stream) {
    forEach(count, stream, [=] __device__(int64_t i) { y[i] = gatedElement(gate[i], up[i]); });
}

void scaledSum(const Bf16* a, const Bf16* b, float scale, Bf16* y, int64_t count,
               cudaStream_t stream) {
    forEach(count, stream, [=] __device__(int64_t i) { y[i] = summedElement(a[i], b[i], scale); });
}

void clamp(Bf16* x, float low, float high, int64_t count, cudaStream_t stream) {
    forEach(count, stream,
            [=] __device__(int64_t i) { x[i] = toBits(fminf(fmaxf(toFloat(x[i]), low), high)); });
}

void addBias(Bf16* x, const float* bias, int64_t rows, int64_t width, cudaStream_t stream) {
    forEach(rows * width, stream,
            [=] __device__(int64_t i) { x[i] = toBits(toFloat(x[i]) + bias[i % width]); });
}

void addRows(Bf16* x, const float* table, const int32_t* indices, int64_t rows, int64_t width,
             cudaStream_t stream) {
    forEach(rows * width, stream, [=] __device__(int64_t i) {
        x[i] = toBits(toFloat(x[i]) + table[indices[i / width] * width + i % width]);
    });
}

void embed(const Bf16* table, const int32_t* ids, int64_t rows, int64_t columns, float scale,
           Bf16* y, cudaStream_t stream) {
    forEach(rows * columns, stream, [=] __device__(int64_t i) {
        y[i] = toBits(toFloat(table[ids[i / columns] * columns + i % columns]) * scale);
    });
}

void spreadParts(const PartsToSpread& p, cudaStream_t stream) {
    forEach(p.rows * p.parts * p.width, stream, [p] __device__(int64_t i) {
        const int64_t row = i / (p.parts * p.width), part = i / p.width % p.parts;
        const float x = p.single ? static_cast<const float*>(p.from)[i]
                                 : toFloat(static_cast<const Bf16*>(p.from)[i]);
        p.y[(part * p.allRows + p.firstRow + row) * p.width + i % p.width] = toBits(x * p.scale);
    });
}

void toBf16(const float* x, Bf16* y, int64_t count, cudaStream_t stream) {
    forEach(count, stream, [=] __device__(int64_t i) { y[i] = toBits(x[i]); });
}

void softCap(float* x, float cap, int64_t count, cudaStream_t stream) {
    forEach(count, stream, [=] __device__(int64_t i) { x[i] = cap * tanhf(x[i] / cap); });
}

} // namespace lapidary::kernels::cuda
