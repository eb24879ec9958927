// The mixture of experts for a prefill chunk. Pairs of (row, rank) are sorted by expert, stably, so
// that the sums do not depend on timing; tiles of 64 pairs of one expert × 64 channels share the
// weights; the last kernel adds a row's experts in rank order.
#include "cuda/arch/fp8.cuh"
#include "cuda/experts.h"
#include "cuda/quantise.h"
#include "cuda/tensor_core.cuh"

#include <algorithm>

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = 128; // four warps, 32 × 32 of the 64 × 64 each
constexpr int kTile = 64;
constexpr int kDepth = 64;
constexpr int kRow = kDepth + 8;

struct Tile {
    int32_t expert, begin, end; // of the sorted pairs
};

struct Sorted {
    int32_t* order;  // [pairs]: sorted place → pair
    int32_t* begins; // [experts + 1]
    Tile* tiles;     // [mostTiles]; unused ones are empty
    Bf16* activated; // [pairs, width] in sorted order
    float* outputs;  // [pairs, hidden] by pair
    // Where the input of a product is quantised: the values of its codes, and their scales.
    Bf16* values;           // [max(rows · hidden, pairs · width)]
    float* xScales;         // [rows]
    float* activatedScales; // [pairs]
};

int64_t mostTiles(const ExpertProblem& p) {
    return p.rows * p.topK / kTile + p.experts;
}

int64_t mostValues(const ExpertProblem& p) {
    return p.gateUp.format == ProductFormat::Fp8
               ? std::max(p.rows * p.hidden, p.rows * p.topK * p.width)
               : 0;
}

Sorted place(const ExpertProblem& p, void* scratch) {
    const int64_t pairs = p.rows * p.topK; // widths are multiples of 8, so all begin on 16 bytes
    Sorted sorted{};
    sorted.outputs = static_cast<float*>(scratch);
    sorted.activated = reinterpret_cast<Bf16*>(sorted.outputs + pairs * p.hidden);
    sorted.values = sorted.activated + pairs * p.width;
    sorted.tiles = reinterpret_cast<Tile*>(sorted.values + mostValues(p));
    sorted.xScales = reinterpret_cast<float*>(sorted.tiles + mostTiles(p));
    sorted.activatedScales = sorted.xScales + p.rows;
    sorted.order = reinterpret_cast<int32_t*>(sorted.activatedScales + pairs);
    sorted.begins = sorted.order + pairs;
    return sorted;
}

// One block; a thread an expert counts, then one thread cuts the tiles.
__global__ void countKernel(const __grid_constant__ ExpertProblem p, Sorted sorted,
                            int64_t tileCount) {
    extern __shared__ int32_t counts[];
    const int64_t pairs = p.rows * p.topK;
    for (int e = threadIdx.x; e < p.experts; e += blockDim.x)
        counts[e] = 0;
    __syncthreads();
    for (int64_t i = threadIdx.x; i < pairs; i += blockDim.x)
        atomicAdd(&counts[p.chosen[i]], 1); // counts do not depend on the order
    __syncthreads();
    if (threadIdx.x != 0)
        return;
    int32_t begin = 0;
    int64_t tile = 0;
    for (int e = 0; e < p.experts; ++e) {
        sorted.begins[e] = begin;
        for (int32_t at = begin; at < begin + counts[e]; at += kTile)
            sorted.tiles[tile++] = {e, at, min(at + kTile, begin + counts[e])};
        begin += counts[e];
    }
    sorted.begins[p.experts] = begin;
    for (; tile < tileCount; ++tile)
        sorted.tiles[tile] = {0, 0, 0};
}

// A warp an expert: its pairs in their order.
__global__ void sortKernel(const __grid_constant__ ExpertProblem p, Sorted sorted) {
    const int e = blockIdx.x;
    const int64_t pairs = p.rows * p.topK;
    int32_t at = sorted.begins[e];
    for (int64_t i = threadIdx.x; i < (pairs + 31) / 32 * 32; i += 32) {
        const bool mine = i < pairs && p.chosen[i] == e;
        const unsigned mask = __ballot_sync(~0U, mine);
        if (mine)
            sorted.order[at + __popc(mask & ((1U << threadIdx.x) - 1))] = static_cast<int32_t>(i);
        at += __popc(mask);
    }
}

struct Products {
    Bf16 a[kTile][kRow];
    Bf16 b[2][kTile][kRow]; // two matrices where gate and up go together
};

// c[m][n] += Σ a b over one depth; the warp's quarter of 64 × 64.
template <int kMatrices>
__device__ void multiplyTile(const Products& s, float (&c)[kMatrices][2][4][4]) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int rows = warp / 2 * 32, channels = warp % 2 * 32;
#pragma unroll
    for (int k = 0; k < kDepth; k += 16) {
        uint32_t a[2][4];
        for (int m = 0; m < 2; ++m)
            loadMatrix(a[m], &s.a[rows + m * 16 + lane % 16][k + lane / 16 * 8]);
#pragma unroll
        for (int matrix = 0; matrix < kMatrices; ++matrix)
#pragma unroll
            for (int n = 0; n < 4; ++n) {
                uint32_t b[2];
                loadMatrixPair(b, &s.b[matrix][channels + n * 8 + lane % 8][k + lane / 8 % 2 * 8]);
                for (int m = 0; m < 2; ++m)
                    multiply(c[matrix][m][n], a[m], b);
            }
    }
}

// Rows of `from` at `rowOf(i)`, columns [k, k + kDepth), zero where invalid.
template <class RowOf>
__device__ void loadTile(Bf16 (&to)[kTile][kRow], int64_t k, int64_t columns, RowOf rowOf) {
    for (int i = threadIdx.x; i < kTile * kDepth / 8; i += kThreads) {
        const int row = i / (kDepth / 8), column = i % (kDepth / 8) * 8;
        const Bf16* from = rowOf(row);
        const bool valid = from != nullptr && k + column < columns;
        copyAsync(&to[row][column], valid ? from + k + column : reinterpret_cast<const Bf16*>(&to),
                  valid);
    }
}

// Calls put(row, channel, c of each matrix) for the 64 × 64 results.
template <int kMatrices, class Put>
__device__ void eachResult(const float (&c)[kMatrices][2][4][4], Put put) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
#pragma unroll
    for (int m = 0; m < 2; ++m)
#pragma unroll
        for (int n = 0; n < 4; ++n)
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                float values[kMatrices];
                for (int matrix = 0; matrix < kMatrices; ++matrix)
                    values[matrix] = c[matrix][m][n][i];
                put(warp / 2 * 32 + m * 16 + lane / 4 + i / 2 * 8,
                    warp % 2 * 32 + n * 8 + lane % 4 * 2 + i % 2, values);
            }
}

// The same of codes, as the bf16 values that they stand for.
template <class RowOf>
__device__ void widenTile(Bf16 (&to)[kTile][kRow], int64_t k, int64_t columns, RowOf rowOf) {
    for (int i = threadIdx.x; i < kTile * kDepth / 8; i += kThreads) {
        const int row = i / (kDepth / 8), column = i % (kDepth / 8) * 8;
        const uint8_t* from = rowOf(row);
        uint2 codes = {};
        if (from != nullptr && k + column < columns)
            codes = *reinterpret_cast<const uint2*>(from + k + column);
        *reinterpret_cast<uint4*>(&to[row][column]) = {
            widenLowPair(codes.x), widenHighPair(codes.x), widenLowPair(codes.y),
            widenHighPair(codes.y)};
    }
}

// rowB(matrix, channel): which row of w, negative for none.
template <bool kCodes, int kMatrices, class RowA, class RowB>
__device__ void products(Products& s, const CardMatrix& w, int64_t depth,
                         float (&c)[kMatrices][2][4][4], RowA rowA, RowB rowB) {
    for (int64_t k = 0; k < depth; k += kDepth) {
        __syncthreads();
        loadTile(s.a, k, depth, rowA);
        for (int matrix = 0; matrix < kMatrices; ++matrix) {
            if constexpr (kCodes)
                widenTile(s.b[matrix], k, depth, [&](int channel) {
                    const int64_t row = rowB(matrix, channel);
                    return row < 0 ? nullptr : static_cast<const uint8_t*>(w.numbers) + row * depth;
                });
            else
                loadTile(s.b[matrix], k, depth, [&](int channel) {
                    const int64_t row = rowB(matrix, channel);
                    return row < 0 ? nullptr : static_cast<const Bf16*>(w.numbers) + row * depth;
                });
        }
        commitCopies();
        waitCopies<0>();
        __syncthreads();
        multiplyTile(s, c);
    }
}

template <bool kCodes>
__global__ void __launch_bounds__(kThreads)
    gateUpKernel(const __grid_constant__ ExpertProblem p, Sorted sorted, const Bf16* x,
                 const float* xScales) {
    __shared__ __align__(16) Products s;
    const Tile tile = sorted.tiles[blockIdx.y];
    if (tile.begin == tile.end)
        return;
    const int64_t first = int64_t(blockIdx.x) * kTile;
    const int64_t rowsBefore = int64_t(tile.expert) * 2 * p.width;
    float c[2][2][4][4] = {};
    products<kCodes>(
        s, p.gateUp, p.hidden, c,
        [&](int row) {
            return tile.begin + row < tile.end
                       ? x + sorted.order[tile.begin + row] / p.topK * p.hidden
                       : nullptr;
        },
        [&](int matrix, int channel) {
            return first + channel < p.width ? rowsBefore + matrix * p.width + first + channel : -1;
        });
    eachResult(c, [&](int row, int channel, const float(&v)[2]) {
        if (tile.begin + row >= tile.end || first + channel >= p.width)
            return;
        const int64_t gate = rowsBefore + first + channel;
        const float scale = xScales ? xScales[sorted.order[tile.begin + row] / p.topK] : 1.0F;
        sorted.activated[(tile.begin + row) * p.width + first + channel] =
            toBits(gelu(v[0] * (scale * p.gateUp.scale(gate)))
                   * (v[1] * (scale * p.gateUp.scale(gate + p.width))));
    });
}

template <bool kCodes>
__global__ void __launch_bounds__(kThreads)
    downKernel(const __grid_constant__ ExpertProblem p, Sorted sorted, const Bf16* activated,
               const float* activatedScales) {
    __shared__ __align__(16) Products s;
    const Tile tile = sorted.tiles[blockIdx.y];
    if (tile.begin == tile.end)
        return;
    const int64_t first = int64_t(blockIdx.x) * kTile;
    const int64_t rowsBefore = int64_t(tile.expert) * p.hidden;
    float c[1][2][4][4] = {};
    products<kCodes>(
        s, p.down, p.width, c,
        [&](int row) {
            return tile.begin + row < tile.end ? activated + (tile.begin + row) * p.width : nullptr;
        },
        [&](int, int channel) {
            return first + channel < p.hidden ? rowsBefore + first + channel : -1;
        });
    eachResult(c, [&](int row, int channel, const float(&v)[1]) {
        if (tile.begin + row >= tile.end || first + channel >= p.hidden)
            return;
        const float scale = activatedScales ? activatedScales[tile.begin + row] : 1.0F;
        sorted.outputs[int64_t(sorted.order[tile.begin + row]) * p.hidden + first + channel] =
            v[0] * (scale * p.down.scale(rowsBefore + first + channel));
    });
}

__global__ void sumKernel(const __grid_constant__ ExpertProblem p, Sorted sorted) {
    const int64_t row = blockIdx.x;
    for (int64_t i = threadIdx.x; i < p.hidden; i += blockDim.x) {
        float sum = 0;
        for (int64_t pair = row * p.topK; pair < (row + 1) * p.topK; ++pair)
            sum += p.weights[pair] * sorted.outputs[pair * p.hidden + i];
        p.y[row * p.hidden + i] = toBits(sum);
    }
}

} // namespace

size_t groupedScratchBytes(const ExpertProblem& p) {
    const int64_t pairs = p.rows * p.topK;
    return static_cast<size_t>(pairs * p.hidden * 4 + (pairs * p.width + mostValues(p)) * 2
                               + mostTiles(p) * static_cast<int64_t>(sizeof(Tile))
                               + (p.rows + 2 * pairs + p.experts + 1) * 4);
}

void expertsGrouped(const ExpertProblem& p, void* scratch, cudaStream_t stream) {
    const Sorted sorted = place(p, scratch);
    const int64_t tiles = mostTiles(p);
    countKernel<<<1, 1024, p.experts * sizeof(int32_t), stream>>>(p, sorted, tiles);
    sortKernel<<<p.experts, 32, 0, stream>>>(p, sorted);
    const dim3 wide(blocksFor(p.width, kTile), static_cast<unsigned>(tiles));
    const dim3 back(blocksFor(p.hidden, kTile), static_cast<unsigned>(tiles));
    if (p.gateUp.format == ProductFormat::Plain) {
        gateUpKernel<false><<<wide, kThreads, 0, stream>>>(p, sorted, p.x, nullptr);
        downKernel<false><<<back, kThreads, 0, stream>>>(p, sorted, sorted.activated, nullptr);
    } else if (p.gateUp.format == ProductFormat::Fp8Weights) {
        gateUpKernel<true><<<wide, kThreads, 0, stream>>>(p, sorted, p.x, nullptr);
        downKernel<true><<<back, kThreads, 0, stream>>>(p, sorted, sorted.activated, nullptr);
    } else {
        const int64_t pairs = p.rows * p.topK;
        roundRows(p.x, p.rows, p.hidden, sorted.values, sorted.xScales, stream);
        gateUpKernel<true><<<wide, kThreads, 0, stream>>>(p, sorted, sorted.values, sorted.xScales);
        roundRows(sorted.activated, pairs, p.width, sorted.values, sorted.activatedScales, stream);
        downKernel<true>
            <<<back, kThreads, 0, stream>>>(p, sorted, sorted.values, sorted.activatedScales);
    }
    sumKernel<<<static_cast<unsigned>(p.rows), 256, 0, stream>>>(p, sorted);
}

} // namespace lapidary::kernels::cuda
