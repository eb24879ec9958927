// Attention of 1 to 16 rows: the keys are cut into runs of 256 by absolute position, a block a run,
// and the runs are merged in order. So neither the rows beside a row nor the blocks decide its
// bits.
#include "cuda/attention_tile.cuh"

namespace lapidary::kernels::cuda {
namespace {

constexpr int64_t kRun = 256;

struct RunRange {
    int64_t first, count; // runs of kRun keys
};

RunRange runsOf(const AttentionProblem& problem) {
    const int64_t begin =
        problem.window > 0 ? max(int64_t(0), problem.firstPosition - problem.window + 1) : 0;
    const int64_t end = problem.firstPosition + problem.rows; // decode has no image runs
    return {begin / kRun, (end - 1) / kRun - begin / kRun + 1};
}

/// What a run leaves for one query: output [headDim] not divided, largest score, sum of weights.
struct Partials {
    float* out;     // [runs, kvHeads, queries, headDim]
    float* maximum; // [runs, kvHeads, queries]
    float* sum;     // [runs, kvHeads, queries]
};

Partials place(const AttentionProblem& p, int64_t runs, void* scratch) {
    const int64_t queries = runs * p.kvHeads * p.queries();
    auto* out = static_cast<float*>(scratch);
    return {out, out + queries * p.headDim, out + queries * (p.headDim + 1)};
}

template <int kDim>
__global__ void __launch_bounds__(kAttentionThreads)
    runKernel(const __grid_constant__ AttentionProblem problem, int64_t firstRun,
              Partials partials) {
    using Tile = AttentionTile<kDim, 1>;
    extern __shared__ uint4 memory[];
    auto& shared = *reinterpret_cast<typename Tile::Shared*>(memory);
    const int first = blockIdx.z * Tile::kQueries;
    Tile tile(problem, shared, blockIdx.y, first);
    const int64_t begin = (firstRun + blockIdx.x) * kRun;
    tile.walk(begin, min(begin + kRun, problem.firstPosition + problem.rows));

    const int64_t base =
        (int64_t(blockIdx.x) * problem.kvHeads + blockIdx.y) * problem.queries() + first;
    tile.each([&](int query, int column, float value) {
        partials.out[(base + query) * problem.headDim + column] = value;
    });
    const int query = threadIdx.x;
    if (query < Tile::kQueries && first + query < problem.queries()) {
        partials.maximum[base + query] = shared.maximum[query];
        partials.sum[base + query] = shared.sum[query];
    }
}

// A block a query: the runs in order, weighed by their largest scores.
__global__ void mergeKernel(const __grid_constant__ AttentionProblem p, int64_t runs,
                            Partials partials) {
    const int at = blockIdx.x, head = blockIdx.y;
    const int64_t stride = int64_t(p.kvHeads) * p.queries();
    const int64_t base = int64_t(head) * p.queries() + at;
    float largest = -INFINITY;
    for (int64_t r = 0; r < runs; ++r)
        largest = fmaxf(largest, partials.maximum[base + r * stride]);
    float sum = 0;
    for (int64_t r = 0; r < runs; ++r)
        sum +=
            partials.sum[base + r * stride] * __expf(partials.maximum[base + r * stride] - largest);
    const int group = p.group();
    Bf16* out = p.out + (int64_t(at / group) * p.heads + head * group + at % group) * p.headDim;
    for (int column = threadIdx.x; column < p.headDim; column += blockDim.x) {
        float value = 0;
        for (int64_t r = 0; r < runs; ++r)
            value += partials.out[(base + r * stride) * p.headDim + column]
                     * __expf(partials.maximum[base + r * stride] - largest);
        out[column] = toBits(value / sum);
    }
}

} // namespace

size_t decodeScratchBytes(const AttentionProblem& problem) {
    return sizeof(float) * static_cast<size_t>(runsOf(problem).count) * problem.kvHeads
           * problem.queries() * (problem.headDim + 2);
}

void attentionDecode(const AttentionProblem& problem, void* scratch, cudaStream_t stream) {
    const RunRange runs = runsOf(problem);
    const Partials partials = place(problem, runs.count, scratch);
    withHeadDim(problem.headDim, [&]<int kDim>() {
        using Shared = AttentionShared<kDim, 1>;
        cudaFuncSetAttribute(runKernel<kDim>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             sizeof(Shared));
        const dim3 grid(static_cast<unsigned>(runs.count), problem.kvHeads,
                        (problem.queries() + 15) / 16);
        runKernel<kDim>
            <<<grid, kAttentionThreads, sizeof(Shared), stream>>>(problem, runs.first, partials);
    });
    mergeKernel<<<dim3(problem.queries(), problem.kvHeads), 128, 0, stream>>>(problem, runs.count,
                                                                              partials);
}

} // namespace lapidary::kernels::cuda
