// Attention of a prefill chunk: a block a tile of queries, which walks all the keys they see.
#include "cuda/arch/card_limits.h"
#include "cuda/attention_tile.cuh"

namespace lapidary::kernels::cuda {
namespace {

template <int kDim, int kTiles, int kKeys, int kBlocks>
__global__ void __launch_bounds__(kAttentionThreads, kBlocks)
    prefillKernel(const __grid_constant__ AttentionProblem problem,
                  const __grid_constant__ DeviceRuns runs) {
    using Tile = AttentionTile<kDim, kTiles, kKeys>;
    extern __shared__ uint4 memory[];
    auto& shared = *reinterpret_cast<typename Tile::Shared*>(memory);
    // The last tiles see most keys: begin with them, so that the grid ends evenly.
    const int first = static_cast<int>(gridDim.x - 1 - blockIdx.x) * Tile::kQueries;
    const int head = blockIdx.y;
    Tile tile(problem, runs, shared, head, first);

    const int last = min(first + Tile::kQueries, problem.queries()) - 1 - first;
    const int64_t lowest = tile.position(0), highest = tile.position(last);
    int64_t end = highest + 1;
    for (int r = 0; r < runs.count; ++r)
        if (runs.at[r].begin <= highest && lowest < runs.at[r].end)
            end = max(end, runs.at[r].end);
    const int64_t begin = problem.window > 0 ? max(int64_t(0), lowest - problem.window + 1) : 0;
    tile.walk(begin, end);
    tile.each([&](int query, int column, float value) {
        problem.out[tile.queryOffset(first + query) + column] = toBits(value / shared.sum[query]);
    });
}

// largest = the largest magnitude of each head of each row of out; a warp each.
__global__ void __launch_bounds__(kAttentionThreads)
    largestKernel(const Bf16* out, int64_t heads, int headDim, float* largest) {
    const int64_t head = int64_t(blockIdx.x) * (kAttentionThreads / 32) + threadIdx.x / 32;
    if (head >= heads)
        return;
    float most = 0;
    for (int i = threadIdx.x % 32; i < headDim; i += 32)
        most = fmaxf(most, fabsf(toFloat(out[head * headDim + i])));
    most = warpMax(most);
    if (threadIdx.x % 32 == 0)
        largest[head] = most;
}

template <int kDim, int kTiles, int kKeys, int kBlocks>
void launch(const AttentionProblem& problem, const DeviceRuns& runs, cudaStream_t stream) {
    using Shared = AttentionShared<kDim, kTiles, kKeys>;
    cudaFuncSetAttribute(prefillKernel<kDim, kTiles, kKeys, kBlocks>,
                         cudaFuncAttributeMaxDynamicSharedMemorySize, sizeof(Shared));
    const dim3 grid((problem.queries() + Shared::kQueries - 1) / Shared::kQueries, problem.kvHeads);
    prefillKernel<kDim, kTiles, kKeys, kBlocks>
        <<<grid, kAttentionThreads, sizeof(Shared), stream>>>(problem, runs);
}

} // namespace

cudaError_t attentionPrefill(const AttentionProblem& problem, const DeviceRuns& runs,
                             cudaStream_t stream) {
    if (hopperAttends(problem))
        return attentionHopper(problem, runs, stream);
    int device = 0;
    cudaGetDevice(&device);
    const size_t most = sharedOfBlock(device);
    withHeadDim(problem.headDim, [&]<int kDim>() {
        // 64 queries where the card has the shared memory for them. At 512 columns cards with 227
        // KiB hold steps of 64 keys, 223 KiB; those with 163 KiB steps of 32, 146 KiB. Below, steps
        // of 32 leave place for two blocks, whose phases fill each other's gaps.
        const auto fits = [most](size_t bytes) { return bytes <= most; };
        if constexpr (kDim == 512) {
            if (fits(sizeof(AttentionShared<kDim, 4, 64>)))
                launch<kDim, 4, 64, 1>(problem, runs, stream);
            else if (fits(sizeof(AttentionShared<kDim, 4, 32>)))
                launch<kDim, 4, 32, 1>(problem, runs, stream);
            else {
                static_assert(sizeof(AttentionShared<kDim, 1, 32>) <= kLeastShared);
                launch<kDim, 1, 32, 1>(problem, runs, stream);
            }
        } else {
            static_assert(sizeof(AttentionShared<kDim, 4, 32>) <= kLeastShared);
            launch<kDim, 4, 32, 2>(problem, runs, stream);
        }
    });
    if (problem.largest != nullptr) {
        const int64_t heads = int64_t(problem.rows) * problem.heads;
        largestKernel<<<blocksFor(heads, kAttentionThreads / 32), kAttentionThreads, 0, stream>>>(
            problem.out, heads, problem.headDim, problem.largest);
    }
    return cudaSuccess;
}

} // namespace lapidary::kernels::cuda
