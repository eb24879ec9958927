// y = W x for 1 to 16 rows: bound by reading W once.
//
// The weights are the A operand of m16n8k16, the rows of x its eight columns; rows 9 to 16 are a
// second set of columns. So a row's bits never depend on its neighbours, and 1 to 8 rows are the
// same instructions.
//
// A dot product may take its terms in any order as long as both operands take the same one. A lane
// reads 16 contiguous bytes of W, which are its share of two instructions: of the 32 columns that
// begin at k, lane t of four holds 8t … 8t + 7, and B reads x in the same order. No weight is
// rearranged at load, and cuBLASLt reads the same memory in prefill.
//
//   block   kWarps warps, one tile of 16 channels; the warps split the columns and their sums are
//           added in the order of the warps
//   lane    two channels (g, g + 8), kUnroll · 2 loads of 16 bytes in flight:
//           8 warps × 32 lanes × 8 × 16 B = 32 KiB a block, two blocks an SM cover an H200's
//           latency
#include "cuda/launch.h"

#include <cuda_bf16.h>

namespace lapidary::kernels::cuda {
namespace {

constexpr int kWarps = 8;
constexpr int kTile = 16;  // channels
constexpr int kStep = 32;  // columns a warp takes at once: four lanes × 8
constexpr int kUnroll = 4; // steps in flight

struct Fragment {
    float c[4] = {};
};

__device__ __forceinline__ void multiplyAdd(Fragment& sum, uint32_t a0, uint32_t a1, uint32_t a2,
                                            uint32_t a3, uint32_t b0, uint32_t b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, "
                 "{%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(sum.c[0]), "+f"(sum.c[1]), "+f"(sum.c[2]), "+f"(sum.c[3])
                 : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// Weights pass through once: do not keep them in L1.
__device__ __forceinline__ uint4 readOnce(const Bf16* p) {
    uint4 v;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(p));
    return v;
}

// The same, for columns that are not a multiple of 8 or rows that begin off 16 bytes.
__device__ uint4 readEdge(const Bf16* row, int64_t k, int64_t columns) {
    uint32_t words[4];
    for (int i = 0; i < 4; ++i) {
        const uint32_t low = k + 2 * i < columns ? row[k + 2 * i] : 0;
        const uint32_t high = k + 2 * i + 1 < columns ? row[k + 2 * i + 1] : 0;
        words[i] = low | high << 16;
    }
    return {words[0], words[1], words[2], words[3]};
}

__device__ __forceinline__ void step(Fragment& sum, const uint4& low, const uint4& high,
                                     const uint4& x) {
    multiplyAdd(sum, low.x, high.x, low.y, high.y, x.x, x.y);
    multiplyAdd(sum, low.z, high.z, low.w, high.w, x.z, x.w);
}

enum class Output { Bf16, CappedF32 };

template <int Columns, Output output, bool aligned>
__global__ void __launch_bounds__(kWarps * 32)
    skinnyKernel(const Bf16* __restrict__ w, const Bf16* __restrict__ x, int rows, int64_t channels,
                 int64_t columns, float cap, void* __restrict__ y) {
    constexpr int kSets = Columns / 8;
    const int warp = threadIdx.x / 32;
    const int lane = threadIdx.x % 32;
    const int g = lane / 4; // channel of A, row of x in B
    const int t = lane % 4;
    const int64_t channel = int64_t(blockIdx.x) * kTile;

    const int64_t lowChannel = min(channel + g, channels - 1);
    const int64_t highChannel = min(channel + g + 8, channels - 1);
    const Bf16* lowRow = w + lowChannel * columns;
    const Bf16* highRow = w + highChannel * columns;

    Fragment sums[kSets];
    // Steps are dealt to the warps in turn, so that a block reads contiguous runs of each row.
    const int64_t steps = (columns + kStep - 1) / kStep;
    const int64_t whole = aligned ? columns / kStep : 0;
    int64_t s = warp * kUnroll;
    for (; s + kUnroll <= whole; s += kWarps * kUnroll) {
        uint4 low[kUnroll];
        uint4 high[kUnroll];
#pragma unroll
        for (int u = 0; u < kUnroll; ++u) {
            const int64_t k = (s + u) * kStep + t * 8;
            low[u] = readOnce(lowRow + k);
            high[u] = readOnce(highRow + k);
        }
#pragma unroll
        for (int u = 0; u < kUnroll; ++u) {
            const int64_t k = (s + u) * kStep + t * 8;
#pragma unroll
            for (int set = 0; set < kSets; ++set) {
                uint4 b = {};
                if (set * 8 + g < rows)
                    b = *reinterpret_cast<const uint4*>(x + int64_t(set * 8 + g) * columns + k);
                step(sums[set], low[u], high[u], b);
            }
        }
    }
    for (; s < steps; s += kWarps * kUnroll) {
        for (int64_t e = s; e < min(s + kUnroll, steps); ++e) {
            const int64_t k = e * kStep + t * 8;
            const uint4 low = readEdge(lowRow, k, columns);
            const uint4 high = readEdge(highRow, k, columns);
            for (int set = 0; set < kSets; ++set) {
                uint4 b = {};
                if (set * 8 + g < rows)
                    b = readEdge(x + int64_t(set * 8 + g) * columns, k, columns);
                step(sums[set], low, high, b);
            }
        }
    }

    // Fragment c: channel g holds c0 (row 2t), c1 (2t + 1); channel g + 8 holds c2, c3.
    __shared__ float partial[kWarps][Columns][kTile + 1];
#pragma unroll
    for (int set = 0; set < kSets; ++set) {
        partial[warp][set * 8 + 2 * t][g] = sums[set].c[0];
        partial[warp][set * 8 + 2 * t + 1][g] = sums[set].c[1];
        partial[warp][set * 8 + 2 * t][g + 8] = sums[set].c[2];
        partial[warp][set * 8 + 2 * t + 1][g + 8] = sums[set].c[3];
    }
    __syncthreads();
    for (int i = threadIdx.x; i < Columns * kTile; i += kWarps * 32) {
        const int row = i / kTile;
        const int c = i % kTile;
        if (row >= rows || channel + c >= channels)
            continue;
        float sum = partial[0][row][c];
#pragma unroll
        for (int part = 1; part < kWarps; ++part)
            sum += partial[part][row][c];
        const int64_t at = row * channels + channel + c;
        if constexpr (output == Output::Bf16)
            static_cast<__nv_bfloat16*>(y)[at] = __float2bfloat16(sum);
        else
            static_cast<float*>(y)[at] = cap > 0 ? cap * tanhf(sum / cap) : sum;
    }
}

template <Output output>
void launch(const Bf16* w, const Bf16* x, int64_t rows, int64_t channels, int64_t columns,
            float cap, void* y, cudaStream_t stream) {
    const auto blocks = static_cast<unsigned>((channels + kTile - 1) / kTile);
    const bool aligned = columns % 8 == 0 && reinterpret_cast<uintptr_t>(w) % 16 == 0
                         && reinterpret_cast<uintptr_t>(x) % 16 == 0;
    const auto run = [&](auto kernel) {
        kernel<<<blocks, kWarps * 32, 0, stream>>>(w, x, static_cast<int>(rows), channels, columns,
                                                   cap, y);
    };
    if (rows <= 8)
        aligned ? run(skinnyKernel<8, output, true>) : run(skinnyKernel<8, output, false>);
    else
        aligned ? run(skinnyKernel<16, output, true>) : run(skinnyKernel<16, output, false>);
}

} // namespace

void skinnyLinear(const Bf16* w, const Bf16* x, int64_t rows, int64_t channels, int64_t columns,
                  Bf16* y, cudaStream_t stream) {
    launch<Output::Bf16>(w, x, rows, channels, columns, 0, y, stream);
}

void skinnyLogits(const Bf16* w, const Bf16* x, int64_t rows, int64_t channels, int64_t columns,
                  float cap, float* y, cudaStream_t stream) {
    launch<Output::CappedF32>(w, x, rows, channels, columns, cap, y, stream);
}

} // namespace lapidary::kernels::cuda
