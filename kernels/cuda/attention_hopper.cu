// Attention of a prefill chunk with Hopper's own instructions: a warpgroup copies, two compute.
#include "cuda/attention_hopper.cuh"

#include "cuda/arch/card_limits.h"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = 3 * 128;

/// The keys that any of the queries [first, last] sees.
template <int kKeys>
__device__ HopperWalk walkOf(const AttentionProblem& p, const DeviceRuns& runs, int first,
                             int last) {
    const int lowest = static_cast<int>(p.firstPosition) + first / p.group();
    const int highest = static_cast<int>(p.firstPosition) + last / p.group();
    int end = highest + 1;
    for (int r = 0; r < runs.count; ++r)
        if (runs.at[r].begin <= highest && lowest < runs.at[r].end)
            end = max(end, static_cast<int>(runs.at[r].end));
    const int begin = p.window > 0 ? max(0, lowest - static_cast<int>(p.window) + 1) : 0;
    const int start = begin / kKeys * kKeys;
    return {start, (end - start + kKeys - 1) / kKeys};
}

template <int kDim>
__global__ void __launch_bounds__(kThreads, 1)
    hopperKernel(const __grid_constant__ AttentionProblem p,
                 const __grid_constant__ DeviceRuns runs, const __grid_constant__ TensorMap keys,
                 const __grid_constant__ TensorMap values) {
    using Shape = HopperShape<kDim>;
    extern __shared__ __align__(1024) uint4 memory[];
    auto& shared = *reinterpret_cast<HopperShared<kDim>*>(memory);
    // The last tiles see most keys: begin with them, so that the grid ends evenly.
    const int first = static_cast<int>(gridDim.x - 1 - blockIdx.x) * Shape::kQueries;
    const int last = min(first + Shape::kQueries, p.queries()) - 1;
    const int head = static_cast<int>(blockIdx.y);
    const HopperWalk walk = walkOf<Shape::kKeys>(p, runs, first, last);
    if (threadIdx.x == 0)
        shared.beginBarriers();
    __syncthreads();

    // 24 + 2 · 240 registers are what 3 · 168 were, and all that there are.
    if (threadIdx.x < 128) {
        shrinkRegisters<24>();
        const int ring = threadIdx.x / 32;
        if (ring < Shape::kRings && threadIdx.x % 32 == 0) {
            ChunkCopier<kDim> copier(shared, p, keys, values, head, ring);
            const int end = walk.start + walk.steps * Shape::kKeys;
            copier.copyKeys(walk.start);
            for (int key = walk.start + Shape::kKeys; key < end; key += Shape::kKeys) {
                copier.copyKeys(key);
                copier.copyValues(key - Shape::kKeys);
            }
            copier.copyValues(end - Shape::kKeys);
        }
    } else {
        growRegisters<240>();
        HopperTile<kDim> tile(p, runs, shared, walk, head, first);
        tile.run();
    }
}

/// Of keys or values, in boxes of `rows` × `panels`. Slots that no position up to the last row of
/// this chunk has been in may hold anything; they are left out, and so are zero.
cudaError_t makeMap(const AttentionProblem& p, const Bf16* of, uint32_t rows, uint32_t panels,
                    TensorMap& map) {
    const int64_t written = min(p.firstPosition + p.rows, p.capacity);
    const int64_t width = int64_t(p.kvHeads) * p.headDim;
    const uint64_t sizes[] = {64, static_cast<uint64_t>(written),
                              static_cast<uint64_t>(width / 64)};
    const uint64_t strides[] = {static_cast<uint64_t>(width) * sizeof(Bf16), 64 * sizeof(Bf16)};
    const uint32_t box[] = {64, rows, panels};
    return makeTensorMap(
        {.tensor = of, .halves = true, .sizes = sizes, .strides = strides, .box = box}, map);
}

template <int kDim>
cudaError_t launch(const AttentionProblem& problem, const DeviceRuns& runs, cudaStream_t stream) {
    using Shape = HopperShape<kDim>;
    TensorMap keys, values;
    for (const cudaError_t made :
         {makeMap(problem, problem.k, 64, 2, keys), makeMap(problem, problem.v, 32, 4, values)})
        if (made != cudaSuccess)
            return made;
    constexpr size_t kBytes = sizeof(HopperShared<kDim>);
    static_assert(kBytes <= 227 << 10);
    cudaFuncSetAttribute(hopperKernel<kDim>, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
    const dim3 grid((problem.queries() + Shape::kQueries - 1) / Shape::kQueries, problem.kvHeads);
    hopperKernel<kDim><<<grid, kThreads, kBytes, stream>>>(problem, runs, keys, values);
    return cudaSuccess;
}

} // namespace

bool hopperAttends(const AttentionProblem& p) {
    // No box of 64 keys goes over the end of a ring.
    return capabilityOfCurrent() == 90 && (p.headDim == 256 || p.headDim == 512)
           && (p.window == 0 || p.capacity % 64 == 0);
}

cudaError_t attentionHopper(const AttentionProblem& problem, const DeviceRuns& runs,
                            cudaStream_t stream) {
    return problem.headDim == 512 ? launch<512>(problem, runs, stream)
                                  : launch<256>(problem, runs, stream);
}

} // namespace lapidary::kernels::cuda
