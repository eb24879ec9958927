// Attention of 1 to 16 rows over very many keys: one launch from raw projections to merged output,
// with all of a multiprocessor's shared memory for keys on their way.
#include "cuda/arch/card_limits.h"
#include "cuda/arch/dependent_launch.cuh"
#include "cuda/attention_phase.cuh"

#include <algorithm>

namespace lapidary::kernels::cuda {
namespace {

/// All blocks of the grid have come here, and what they wrote before is visible. The whole grid
/// must be resident. Block 0 adds what the others lack to 2³¹, so that the top bit turns exactly
/// when the last one comes. Blocks that do not `wait` go on at once.
__device__ void meet(unsigned* barrier, bool wait) {
    workerSync();
    if (threadIdx.x == 0) {
        __threadfence();
        const unsigned share = blockIdx.x == 0 ? 0x80000000U - (gridDim.x - 1) : 1U;
        const unsigned before = atomicAdd(barrier, share);
        unsigned now = before;
        while (wait && ((before ^ now) & 0x80000000U) == 0)
            now = lookAt(barrier);
        __threadfence();
    }
    workerSync();
}

template <int kDim, int kTiles, int kStages>
__global__ void __launch_bounds__(kWorkers, 1)
    decodeKernel(const __grid_constant__ AttentionPhase phase, unsigned* barrier) {
    extern __shared__ __align__(1024) uint4 memory[];
    using Shared = typename DecodeShape<kDim, kTiles, kStages>::Shared;
    const int blocks = static_cast<int>(gridDim.x);
    attend<kDim, kTiles, kStages>(phase, blocks, *reinterpret_cast<Shared*>(memory), [] {
        waitForPrevious();
        startDependents();
    });
    const bool merges = blockIdx.x == 0 || static_cast<int>(blockIdx.x) < mergeTasks(phase.problem);
    meet(barrier, merges);
    if (merges)
        mergeAll(phase, AttentionPart::of(phase.problem).range, blocks,
                 *reinterpret_cast<MergeShared*>(memory));
}

/// Up to this many positions a run is a step or four, and has no use for more than one on its way.
constexpr int64_t kShort = 8192;

constexpr int kLongStages = 3; // 192 KB on their way at 512 columns

/// In which a cache that keeps everything grows (memory_mapping.h). The step kernel reads all keys
/// of a step where one is there, so a granule has to end where a step does.
constexpr size_t kGranule = size_t{2} << 20;

template <int kTiles>
void launch(const AttentionPhase& phase, unsigned* barrier, cudaStream_t stream) {
    const auto kernel = decodeKernel<512, kTiles, kLongStages>;
    const size_t bytes = std::max(sizeof(typename DecodeShape<512, kTiles, kLongStages>::Shared),
                                  sizeof(MergeShared) + 2 * sizeof(float) * phase.sums.mostRuns);
    cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                         static_cast<int>(bytes));
    int device = 0, processors = 0;
    cudaGetDevice(&device);
    cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
    const AttentionProblem& p = phase.problem;
    const int groups = (p.queries() + 16 * kTiles - 1) / (16 * kTiles);
    // The blocks wait for each other, so all must have a place at once.
    const int blocks = std::min(phase.sums.mostRuns * p.kvHeads * groups, processors);
    launchDependent(kernel, dim3(static_cast<unsigned>(blocks)), dim3(kWorkers), bytes, stream,
                    phase, barrier);
}

} // namespace

bool attendsApart(const AttentionProblem& p, size_t sharedBytes) {
    if (p.window > 0 || sizeof(DecodeShape<512, 2, kLongStages>::Shared) > sharedBytes)
        return false;
    const size_t stepBytes = sizeof(Bf16) * kStepKeys * static_cast<size_t>(p.kvHeads * p.headDim);
    return (p.headDim > 256 && p.capacity > kShort) || kGranule % stepBytes != 0;
}

void attentionDecode(const AttentionProblem& problem, const RawRows& raw, const RunSums& sums,
                     DecodeCounters* counters, cudaStream_t stream) {
    const AttentionPhase phase{problem, raw, sums, counters->claimed};
    // Two pieces of 16 queries share the keys of a block; the bits are the same as in two blocks.
    if (problem.queries() > 16)
        launch<2>(phase, &counters->barrier, stream);
    else
        launch<1>(phase, &counters->barrier, stream);
}

cudaError_t makeTensorMap(const AttentionProblem& p, const Bf16* cache, TensorMap& map) {
    const auto headBytes = static_cast<uint64_t>(p.headDim) * sizeof(Bf16);
    const auto heads = static_cast<uint64_t>(p.kvHeads);
    const uint64_t sizes[] = {static_cast<uint64_t>(p.headDim), heads,
                              static_cast<uint64_t>(p.capacity)};
    const uint64_t strides[] = {headBytes, heads * headBytes};
    const uint32_t box[] = {64, 1, kStepKeys};
    return makeTensorMap(
        TensorBoxes{
            .tensor = cache, .halves = true, .sizes = sizes, .strides = strides, .box = box},
        map);
}

size_t decodeScratchBytes(const AttentionProblem& p) {
    return sizeof(float) * static_cast<size_t>(mostRuns(p)) * p.kvHeads * p.queries()
           * (p.headDim + 2);
}

RunSums placeRuns(const AttentionProblem& p, void* scratch) {
    const int runs = mostRuns(p);
    const int64_t sums = int64_t(runs) * p.kvHeads * p.queries();
    auto* const out = static_cast<float*>(scratch);
    return {out, out + sums * p.headDim, out + sums * (p.headDim + 1), runs};
}

} // namespace lapidary::kernels::cuda
