#pragma once

// The step kernel: operations of a decode step, one after another, by blocks that stay. What limits
// a step is reading the weights, so they never stop coming: a block's copies of the next product
// run while it waits for sums, norms and attention.
//
//   workers     eight warps, which compute
//   ninth warp  waits for the blocks whose results a phase reads, and tells of this block's
//   tenth warp  copies weights
//
// A phase reads what the phases before it wrote. Its blocks are the first ones of the grid; the
// others pass it by. Who has seen the blocks of one phase has also seen, through them, those of all
// before. A phase beside the one before it waits for that one's predecessor alone, which most of
// its blocks have seen; all blocks of both are its own, so that who sees it sees both.
//
// All blocks must be resident: there is one a multiprocessor.
#include "cuda/arch/dependent_launch.cuh"
#include "cuda/attention_phase.cuh"
#include "cuda/branch_phase.cuh"
#include "cuda/expert_phase.cuh"
#include "cuda/norm_phase.cuh"
#include "cuda/route_phase.cuh"
#include "cuda/skinny_product.cuh"

#include <algorithm>

namespace lapidary::kernels::cuda {

/// Runs of a query that are merged: of 256k keys there are 464, of 1.8 million 2048.
inline constexpr int kMostMergedRuns = 2048;

/// How the shared memory of a card is used.
///   kDepth  steps in the ring of weights
///   kKeeps  the ring stays while attention runs, in memory of its own
///   kStages  of keys on their way, for attention with 256 columns
///   kRounds  of x on their way to a product
///   kPasses  of experts' weights on their way, 8 KiB each, or 16 where there are more than two
template <int kDepthOf, bool kKeepsOf, int kStagesOf, int kRoundsOf, int kPassesOf>
struct StepMemory {
    static constexpr int kDepth = kDepthOf;
    static constexpr bool kKeeps = kKeepsOf;
    static constexpr int kStages = kStagesOf;
    static constexpr int kRounds = kRoundsOf;
    static constexpr int kPasses = kPassesOf;
};
using LargeMemory = StepMemory<3, true, 3, 4, 5>;  // 228 KB a multiprocessor
using SmallMemory = StepMemory<2, false, 1, 1, 2>; // 100 KB

/// What lies where in the shared memory of a block.
template <class Memory, int kTiles>
struct StepShared {
    using Narrow = typename DecodeShape<256, kTiles, Memory::kStages>::Shared;
    using Wide = typename DecodeShape<512, 1, 1>::Shared;

    using Products = SkinnyShared<Memory::kRounds>;

    static constexpr std::size_t kRing = sizeof(SkinnyStep) * Memory::kDepth;
    static constexpr std::size_t kAttention = std::max(sizeof(Narrow), sizeof(Wide));
    static constexpr std::size_t kOthers =
        std::max({sizeof(Products), sizeof(NormShared), sizeof(RouteShared),
                  sizeof(ExpertShared<Memory::kPasses>), sizeof(BranchShared),
                  sizeof(MergeShared) + 2 * kMostMergedRuns * sizeof(float)});
    static constexpr std::size_t kAttentionAt = Memory::kKeeps ? kRing : 0;
    static constexpr std::size_t kOthersAt = kRing;
    static constexpr std::size_t kEnd = std::max(kAttentionAt + kAttention, kOthersAt + kOthers);

    /// Copies of what stands in the card's memory.
    struct Descriptions {
        PhaseCopy worked[2];
        PhaseCopy copied; ///< for the warp that copies weights
        RingBarriers<Memory::kDepth> barriers;
    };
    static constexpr std::size_t kDescriptionsAt = (kEnd + 15) / 16 * 16;
    static constexpr std::size_t kBytes = kDescriptionsAt + sizeof(Descriptions);
};

/// What a launch is given.
struct StepLaunch {
    const StepPhase* phases = nullptr; ///< in the card's memory; null: the launch carries them
    int count = 0;
    unsigned* arrivals = nullptr; ///< [grid]: how many phases each block has left behind, ever
};

/// A block of the step kernel.
template <class Memory, int kRows, int kTiles>
class StepBlock {
public:
    using Shared = StepShared<Memory, kTiles>;

    __device__ StepBlock(const StepLaunch& launch, const StepPhase* phases, std::byte* memory)
        : launch_(launch)
        , phases_(phases)
        , memory_(memory)
        , descriptions_(at<typename Shared::Descriptions>(Shared::kDescriptionsAt)) {}

    __device__ void begin() {
        startDependents(); // they wait for all of this launch
        if (threadIdx.x == 0)
            descriptions_.barriers.begin();
        __syncthreads();
    }

    /// The part of the workers.
    __device__ void work() {
        Weights weights(ring());
        waitForPrevious();
#pragma unroll 1
        for (int i = 0; i < launch_.count; ++i) {
            const StepPhase& phase = describe(i);
            if (static_cast<int>(blockIdx.x) < phase.blocks) {
                take(phase, weights);
                leavePhase();
            }
            if (!Memory::kKeeps && phase.kind == StepPhase::Kind::Attend)
                memorySync();
        }
    }

    /// The part of the ninth warp.
    __device__ void keepOrder() {
        waitForPrevious();
        const bool alone = launch_.count == 1;
        const bool first = threadIdx.x % 32 == 0;
        unsigned* const arrival = launch_.arrivals + blockIdx.x;
        const unsigned before = alone ? 0 : lookAt(arrival);
        int blocks = phases_[0].blocks;
        bool beside = false;
        int others = 0;  // blocks of the phase before
        int earlier = 0; // and of the one before that
#pragma unroll 1
        for (int i = 0; i < launch_.count; ++i) {
            const int next = i + 1 < launch_.count ? phases_[i + 1].blocks : 0;
            const bool nextBeside = i + 1 < launch_.count && phases_[i + 1].beside;
            if (static_cast<int>(blockIdx.x) < blocks) {
                if (i > 0 && !beside)
                    awaitBlocks(launch_.arrivals, others, before + i);
                else if (i > 1 && static_cast<int>(blockIdx.x) >= others)
                    awaitBlocks(launch_.arrivals, earlier, before + i - 1);
                inputSync();
                awaitWorkers();
                if (first && i + 1 < launch_.count)
                    announce(arrival, before + i + 1);
            }
            earlier = others;
            others = blocks;
            blocks = next;
            beside = nextBeside;
        }
        if (first && !alone)
            announce(arrival, before + launch_.count);
    }

    /// The part of the tenth warp.
    __device__ void copyWeights() {
        WeightCopies<Memory::kDepth> copies(
            ring(), ProductWalk(phases_, launch_.count, descriptions_.copied));
        int begin = 0;
        if constexpr (!Memory::kKeeps) {
#pragma unroll 1
            for (int i = 0; i < launch_.count; ++i)
                if (phases_[i].kind == StepPhase::Kind::Attend) {
                    copies.copy(begin, i);
                    memorySync();
                    begin = i + 1;
                }
        }
        copies.copy(begin, launch_.count);
    }

private:
    using Weights = WeightStream<Memory::kDepth>;
    using Experts = ExpertShared<Memory::kPasses>;

    template <class T>
    __device__ T& at(std::size_t offset) const {
        return *reinterpret_cast<T*>(memory_ + offset);
    }

    __device__ WeightRing<Memory::kDepth> ring() const {
        return {reinterpret_cast<SkinnyStep*>(memory_), descriptions_.barriers};
    }

    /// Phase i in shared memory. The slot's last phase has been left by all workers: they have met
    /// since.
    __device__ auto describe(int i) -> const StepPhase& {
        PhaseCopy& copy = descriptions_.worked[i % 2];
        copy.take(phases_[i], threadIdx.x);
        workerSync();
        return copy.phase();
    }

    __device__ void take(const StepPhase& phase, Weights& weights) {
        switch (phase.kind) {
        case StepPhase::Kind::Product:
            multiply<kRows>(phase.product, weights,
                            at<typename Shared::Products>(Shared::kOthersAt));
            break;
        case StepPhase::Kind::Norm:
            if (phase.norm.width <= int64_t{2} * 8 * kWorkers)
                normRows<2>(phase.norm, phase.blocks, at<NormShared>(Shared::kOthersAt), inputSync);
            else
                normRows<4>(phase.norm, phase.blocks, at<NormShared>(Shared::kOthersAt), inputSync);
            break;
        case StepPhase::Kind::Attend:
            if (phase.attention.problem.headDim > 256)
                attend<512, 1, 1>(phase.attention, phase.blocks,
                                  at<typename Shared::Wide>(Shared::kAttentionAt), inputSync);
            else
                attend<256, kTiles, Memory::kStages>(
                    phase.attention, phase.blocks,
                    at<typename Shared::Narrow>(Shared::kAttentionAt), inputSync);
            break;
        case StepPhase::Kind::MergeRuns:
            inputSync();
            mergeAll(phase.attention, phase.blocks, at<MergeShared>(Shared::kOthersAt));
            break;
        case StepPhase::Kind::Elements:
            inputSync();
            eachElement(phase.elements, phase.blocks);
            break;
        case StepPhase::Kind::Route:
            routeRows(phase.route, phase.blocks, at<RouteShared>(Shared::kOthersAt));
            break;
        case StepPhase::Kind::Activate:
        case StepPhase::Kind::Down:
            runExperts(phase.experts,
                       phase.kind == StepPhase::Kind::Down ? ExpertPart::Down
                                                           : ExpertPart::Activate,
                       phase.blocks, at<Experts>(Shared::kOthersAt));
            break;
        case StepPhase::Kind::Branches:
            endBranches(phase.branches, phase.blocks, at<BranchShared>(Shared::kOthersAt));
            break;
        }
    }

    __device__ static void eachElement(const ElementPhase& p, int blocks) {
        for (int64_t i = int64_t(blockIdx.x) * kWorkers + threadIdx.x; i < p.count;
             i += int64_t(blocks) * kWorkers)
            p.y[i] = p.scale == 0 ? gatedElement(p.a[i], p.b[i])
                                  : summedElement(p.a[i], p.b[i], p.scale);
    }

    const StepLaunch& launch_;
    const StepPhase* const phases_;
    std::byte* const memory_;
    typename Shared::Descriptions& descriptions_;
};

/// The phases of a launch that has few, in its parameters.
struct FewPhases {
    alignas(StepPhase) std::byte phases[kFewPhases][sizeof(StepPhase)];
};

template <class Memory, int kRows, int kTiles>
__global__ void __launch_bounds__(kStepThreads, 1)
    stepKernel(const __grid_constant__ StepLaunch launch, const __grid_constant__ FewPhases few) {
    extern __shared__ __align__(1024) uint4 memory[];
    const StepPhase* const phases =
        launch.phases != nullptr ? launch.phases : reinterpret_cast<const StepPhase*>(&few);
    StepBlock<Memory, kRows, kTiles> block(launch, phases, reinterpret_cast<std::byte*>(memory));
    block.begin();
    if (threadIdx.x < kWorkers)
        block.work();
    else if (threadIdx.x < kMeeting)
        block.keepOrder();
    else
        block.copyWeights();
}

/// One source an instance.
///   kRows   that products have at most: 1, 8 or 16
///   kTiles  2 where a K/V head of up to 256 columns is asked more than 16 queries
template <class Memory, int kRows, int kTiles>
void launchStep(const StepLaunch& launch, const FewPhases& few, int blocks, cudaStream_t stream) {
    const auto kernel = stepKernel<Memory, kRows, kTiles>;
    constexpr std::size_t kBytes = StepShared<Memory, kTiles>::kBytes;
    cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                         static_cast<int>(kBytes));
    launchDependent(kernel, dim3(static_cast<unsigned>(blocks)), dim3(kStepThreads), kBytes, stream,
                    launch, few);
}
#define LAPIDARY_STEP(prefix, memory, rows, tiles)                                                 \
    prefix template void launchStep<memory, rows, tiles>(const StepLaunch&, const FewPhases&, int, \
                                                         cudaStream_t)
LAPIDARY_STEP(extern, LargeMemory, 1, 1);
LAPIDARY_STEP(extern, LargeMemory, 8, 1);
LAPIDARY_STEP(extern, LargeMemory, 8, 2);
LAPIDARY_STEP(extern, LargeMemory, 16, 2);
LAPIDARY_STEP(extern, SmallMemory, 1, 1);
LAPIDARY_STEP(extern, SmallMemory, 8, 1);
LAPIDARY_STEP(extern, SmallMemory, 8, 2);
LAPIDARY_STEP(extern, SmallMemory, 16, 2);

} // namespace lapidary::kernels::cuda
