// Attention of 1 to 16 rows: one kernel from raw projections to merged output.
#include "assert.h"
#include "cuda/arch/card_limits.h"
#include "cuda/arch/dependent_launch.cuh"
#include "cuda/attention_merge.cuh"

#include <algorithm>

namespace lapidary::kernels::cuda {
namespace {

template <int kDim, int kTiles, int kStages, int kBlocks>
__global__ void __launch_bounds__(kDecodeThreads, kBlocks)
    decodeKernel(const __grid_constant__ AttentionProblem p, const __grid_constant__ RawRows raw,
                 const __grid_constant__ RunSums sums, DecodeCounters* counters) {
    using Run = DecodeRun<kDim, kTiles, kStages>;
    extern __shared__ uint4 memory[];
    auto& shared = *reinterpret_cast<typename Run::Shared*>(memory);

    // The position, the keys before it and the weights of the norms are of earlier steps: a step
    // begins with a kernel that waits for all before it.
    const int first = static_cast<int>(p.position ? __ldcg(p.position) : p.firstPosition);
    const RunRange range = runsOf(p.window, first, p.rows);
    const int groups = (p.queries() + Run::Shape::kQueries - 1) / Run::Shape::kQueries;
    const int units = p.kvHeads * groups;
    const int blocks = static_cast<int>(gridDim.x);
    {
        // A block serves one unit, or several where there are fewer blocks than units. The last
        // runs are the long ones: begin with them. Blocks take what is left as they finish.
        Run block(p, raw, sums, shared, first);
        bool waited = false;
        const auto waitOnce = [&] {
            if (waited)
                return;
            waitForPrevious();
            startDependents();
            waited = true;
        };
        for (int unit = static_cast<int>(blockIdx.x) % units; unit < units; unit += blocks) {
            const int sharing = max((blocks - unit + units - 1) / units, 1);
            const bool claims = range.count > sharing && blocks >= units;
            block.choose(unit / groups, unit % groups);
            bool prepared = false;
            for (int item = blocks >= units ? static_cast<int>(blockIdx.x) / units : 0;
                 item < range.count;) {
                const int run = range.count - 1 - item;
                block.begin(range, range.first + run);
                if (!prepared) {
                    waitOnce();
                    block.prepareQueries();
                    prepared = true;
                }
                block.compute(run);
                if (!claims) {
                    item += sharing;
                    continue;
                }
                if (threadIdx.x == 0)
                    shared.next =
                        sharing + static_cast<int>(atomicAdd(&counters->claimed[unit], 1U));
                __syncthreads();
                item = shared.next;
            }
        }
        waitOnce();
    }
    if (blockIdx.x == 0 && p.largest != nullptr)
        for (int i = threadIdx.x; i < p.rows * p.heads; i += kDecodeThreads)
            p.largest[i] = 0;

    const int tasks = mergeTasks(p);
    const bool merges = blockIdx.x == 0 || static_cast<int>(blockIdx.x) < tasks;
    meet(&counters->barrier, merges);
    if (!merges)
        return;
    if (blockIdx.x == 0 && threadIdx.x < kMostUnits)
        counters->claimed[threadIdx.x] = 0; // every block has claimed for the last time
    for (int task = blockIdx.x; task < tasks; task += gridDim.x)
        mergeRuns(p, sums, range, task, *reinterpret_cast<MergeShared*>(memory));
}

/// Up to this many positions a run is a step or four, and has no use for more than one on its way.
constexpr int64_t kShort = 8192;

/// What the current card offers to a kernel.
struct Card {
    int processors = 0;     // multiprocessors
    size_t sharedBytes = 0; // the most a block may have
    static Card current() {
        Card card;
        int device = 0;
        cudaGetDevice(&device);
        cudaDeviceGetAttribute(&card.processors, cudaDevAttrMultiProcessorCount, device);
        card.sharedBytes = sharedOfBlock(device);
        return card;
    }
};

RunSums place(const AttentionProblem& p, void* scratch) {
    const int runs = mostRuns(p);
    const int64_t sums = int64_t(runs) * p.kvHeads * p.queries();
    auto* const out = static_cast<float*>(scratch);
    return {out, out + sums * p.headDim, out + sums * (p.headDim + 1), runs};
}

template <int kDim, int kTiles, int kStages, int kBlocks>
void launch(const AttentionProblem& p, const RawRows& raw, const RunSums& sums, const Card& card,
            DecodeCounters* counters, cudaStream_t stream) {
    using Shape = DecodeShape<kDim, kTiles, kStages>;
    const auto kernel = decodeKernel<kDim, kTiles, kStages, kBlocks>;
    const size_t bytes = std::max(sizeof(typename Shape::Shared),
                                  sizeof(MergeShared) + 2 * sizeof(float) * sums.mostRuns);
    cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                         static_cast<int>(bytes));
    // The blocks wait for each other, so all must have a place at once.
    int resident = 0;
    cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, kDecodeThreads, bytes);
    const int groups = (p.queries() + Shape::kQueries - 1) / Shape::kQueries;
    const int blocks =
        std::min(sums.mostRuns * p.kvHeads * groups, std::max(1, resident * card.processors));
    LAPIDARY_ASSERT(p.kvHeads * groups <= kMostUnits);
    launchDependent(kernel, dim3(static_cast<unsigned>(blocks)), dim3(kDecodeThreads), bytes,
                    stream, p, raw, sums, counters);
}

} // namespace

size_t decodeScratchBytes(const AttentionProblem& p) {
    return sizeof(float) * static_cast<size_t>(mostRuns(p)) * p.kvHeads * p.queries()
           * (p.headDim + 2);
}

void attentionDecode(const AttentionProblem& problem, const RawRows& raw, void* scratch,
                     unsigned* counters, cudaStream_t stream) {
    static_assert(sizeof(DecodeCounters) <= kDecodeCounterBytes);
    const Card card = Card::current();
    const RunSums sums = place(problem, scratch);
    auto* const counts = reinterpret_cast<DecodeCounters*>(counters);
    const auto run = [&]<int kDim, int kTiles, int kStages, int kBlocks>() {
        launch<kDim, kTiles, kStages, kBlocks>(problem, raw, sums, card, counts, stream);
    };
    static_assert(sizeof(DecodeShape<256, 2, 2>::Shared) <= kLeastShared
                  && sizeof(DecodeShape<512, 2, 1>::Shared) <= kLeastShared);
    // Two pieces of 16 queries share the keys of a block; the bits are the same as in two blocks.
    const bool two = problem.queries() > 16;
    if (problem.headDim <= 128) {
        two ? run.template operator()<128, 2, 2, 2>() : run.template operator()<128, 1, 2, 2>();
    } else if (problem.headDim <= 256) {
        // 64 KB of K and V on their way, two blocks an SM of 228 KB.
        two ? run.template operator()<256, 2, 2, 2>() : run.template operator()<256, 1, 2, 2>();
    } else if (problem.capacity > kShort
               && sizeof(DecodeShape<512, 2, 3>::Shared) <= card.sharedBytes) {
        // 192 KB on their way, one block an SM, and none of the next kernel beside it.
        two ? run.template operator()<512, 2, 3, 1>() : run.template operator()<512, 1, 3, 1>();
    } else {
        two ? run.template operator()<512, 2, 1, 1>() : run.template operator()<512, 1, 1, 1>();
    }
}

} // namespace lapidary::kernels::cuda
