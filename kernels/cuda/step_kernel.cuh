#pragma once

// The step kernel: operations of a decode step, one after another, by blocks that stay. What limits
// a step is reading the weights, so they never stop coming: a block's copies of the next product
// run while it waits for sums, norms and attention.
//
//   workers     eight warps, which compute, with most of the registers
//   ninth warp  describes phases to them, waits for the blocks whose results a phase reads, and
//               tells of this block's
//   tenth warp  copies weights, and keys (ring_copies.cuh)
//
// A phase reads what the phases before it wrote. Its blocks are the first ones of the grid; the
// others pass it by. A barrier, where all blocks wait until all have left the phase before, costs
// several ways to the L2 and a fence. So most phases are handed what they read number by number
// (hand_over.cuh) and begin up to kMostLag phases ahead of the slowest block. Who has seen all
// blocks leave a phase
//
//   reads what that phase and those before it wrote,
//   clears the memory through which it was handed numbers, which are written there anew only when
//   all have seen that too (hand_overs.cpp).
//
// All blocks must be resident: there is one a multiprocessor.
#include "cuda/arch/dependent_launch.cuh"
#include "cuda/ring_copies.cuh"
#include "cuda/step_memory.cuh"

namespace lapidary::kernels::cuda {

/// What a launch is given.
struct StepLaunch {
    const StepPhase* phases = nullptr; ///< in the card's memory; null: the launch carries them
    int count = 0;
    int depth = 0;                  ///< steps in the ring
    unsigned* arrivals = nullptr;   ///< [grid]: how many phases each block has left behind, ever
    const Bf16* residual = nullptr; ///< [width], what products that norm add to, or null
    int width = 0;
};

/// A block of the step kernel.
template <class Memory, int kRows, int kTiles>
class StepBlock {
public:
    using Shared = StepShared<Memory, kRows, kTiles>;

    __device__ StepBlock(const StepLaunch& launch, const StepPhase* phases, std::byte* memory)
        : launch_(launch)
        , phases_(phases)
        , memory_(memory)
        , descriptions_(at<typename Shared::Descriptions>(Shared::kDescriptionsAt)) {}

    __device__ void begin() {
        startDependents(); // they wait for all of this launch
        if (threadIdx.x == 0) {
            descriptions_.barriers.begin();
            descriptions_.leaving.begin();
            descriptions_.ends = false;
        }
        __syncthreads();
    }

    /// The part of the workers.
    __device__ __forceinline__ void work() {
        WeightStream weights(ring());
        waitForPrevious();
        takeResidual();
        PhaseMeeting meeting(descriptions_.leaving);
#pragma unroll 1
        for (int turn = 0;; turn ^= 1) {
            weights.say(true);
            meeting.begin();
            if (descriptions_.ends)
                return;
            const StepPhase& phase = descriptions_.entered[turn].phase();
            if (static_cast<int>(blockIdx.x) < phase.blocks)
                take(phase, descriptions_.parts[turn], weights, meeting);
            else
                meeting.enter();
            meeting.leave();
            if (!Memory::kStreamsKeys && phase.kind == StepPhase::Kind::Attend)
                memorySync();
        }
    }

    /// The part of the ninth warp. What it does for a phase it does while the workers are in the
    /// one before.
    __device__ void keepOrder() {
        waitForPrevious();
        const int lane = static_cast<int>(threadIdx.x % 32);
        const bool alone = launch_.count == 1;
        unsigned* const arrival = launch_.arrivals + blockIdx.x;
        const unsigned before = alone ? 0 : lookAt(arrival);
        HandOver taken[kMostLag + 1] = {}; // of the phases before, the last first
        PhaseMeeting meeting(descriptions_.leaving);
        bool within = false; // a phase that the workers have not been seen to leave
        int told = 0;        // phases that this block has left
        int seen = 0;        // phases that all blocks have been seen to leave
        int turn = 0;
        PartFinder finder;
        const auto leave = [&](int phases) {
            if (within)
                meeting.awaitLeft();
            __syncwarp();
            if (lane == 0 && phases > told && !alone)
                announce(arrival, before + phases);
            told = phases;
        };
        const auto admit = [&](int i, int lag, int blocks) {
            if (i - lag > seen)
                seen = awaitBlocks(launch_.arrivals, static_cast<int>(gridDim.x), before, i - lag);
            meeting.admit();
            // All have left what was taken kMostLag + 1 phases ago; at the end, all there was.
            for (int ago = i + 1 == launch_.count ? 0 : kMostLag; ago <= kMostLag; ++ago)
                clear(taken[ago], blocks);
        };
        PhaseCopy::Lane next;
        next.load(phases_[0], lane);
#pragma unroll 1
        for (int i = 0; i < launch_.count; ++i) {
            // The workers have left the phase whose place this one takes.
            next.store(descriptions_.entered[turn], lane);
            if (i + 1 < launch_.count)
                next.load(phases_[i + 1], lane);
            __syncwarp();
            const StepPhase& phase = descriptions_.entered[turn].phase();
            const bool takesPart = static_cast<int>(blockIdx.x) < phase.blocks;
            const bool enters =
                takesPart || (!Memory::kStreamsKeys && phase.kind == StepPhase::Kind::Attend);
            if (takesPart && lane == 0)
                finder.find(phase, descriptions_.parts[turn]);
            __syncwarp();
            if (enters)
                meeting.describe();
            const int lag = phase.lag, blocks = phase.blocks;
            const HandOver takes = phase.taken;
            // Where others may lag the workers need not wait for what this block tells.
            if (enters && lag > 0)
                admit(i, lag, blocks);
            leave(enters ? i : i + 1); // what is another's is left at once
            if (enters && lag == 0)
                admit(i, 0, blocks);
#pragma unroll
            for (int ago = kMostLag; ago > 0; --ago)
                taken[ago] = taken[ago - 1];
            taken[0] = takes;
            within = enters;
            turn ^= enters ? 1 : 0;
        }
        leave(launch_.count);
        if (lane == 0)
            descriptions_.ends = true;
        __syncwarp();
        meeting.describe();
    }

    /// The part of the tenth warp.
    __device__ void copyWeights() {
        RingCopies<kTiles> copies(ring(), phases_, descriptions_.copied);
        int begin = 0;
        if constexpr (!Memory::kStreamsKeys) {
#pragma unroll 1
            for (int i = 0; i < launch_.count; ++i)
                if (phases_[i].kind == StepPhase::Kind::Attend) {
                    copies.template copy<false>(begin, i);
                    memorySync();
                    begin = i + 1;
                }
        }
        copies.template copy<Memory::kStreamsKeys>(begin, launch_.count);
    }

private:
    template <class T>
    __device__ T& at(std::size_t offset) const {
        return *reinterpret_cast<T*>(memory_ + offset);
    }

    __device__ WeightRing ring() const {
        return {reinterpret_cast<SkinnyStep*>(memory_), descriptions_.barriers, launch_.depth};
    }
    /// What a phase shares behind the ring.
    template <class T>
    __device__ T& behindRing() const {
        return at<T>(Shared::ringBytes(launch_.depth));
    }
    template <class T>
    __device__ T& ofKeys() const {
        return at<T>(Memory::kStreamsKeys ? Shared::ringBytes(launch_.depth) : 0);
    }

    /// The threads that norm the residual keep it. From the L2: what the launch before has left
    /// there may stand in the L1 as it was earlier.
    __device__ void takeResidual() {
        if constexpr (kRows == 1 && Memory::kWidth > 0)
            for (int at = static_cast<int>(threadIdx.x) * 8; at < launch_.width; at += kWorkers * 8)
                *reinterpret_cast<uint4*>(residual() + at) = lookAtEight(launch_.residual + at);
    }
    __device__ Bf16* residual() const { return &at<Bf16>(Shared::kResidualAt); }

    /// This block's part of memory that is no longer read, of the first `blocks`.
    __device__ static void clear(HandOver taken, int blocks) {
        for (int chunk = static_cast<int>(blockIdx.x * 32 + threadIdx.x % 32); chunk < taken.chunks;
             chunk += blocks * 32)
            taken.memory[chunk] = {kNothing, kNothing, kNothing, kNothing};
    }

    __device__ void take(const StepPhase& phase, const PhasePart& part, WeightStream& weights,
                         PhaseMeeting& meeting) {
        const auto ready = [&] { meeting.enter(); };
        switch (phase.kind) {
        case StepPhase::Kind::Product:
            multiply<kRows>(phase.product, part.product, weights,
                            behindRing<typename Shared::Products>(), residual(), meeting);
            break;
        case StepPhase::Kind::Norm:
            if (phase.norm.problem.width <= int64_t{2} * 8 * kWorkers)
                normRows<2>(phase.norm, phase.blocks, behindRing<NormShared>(), ready);
            else
                normRows<4>(phase.norm, phase.blocks, behindRing<NormShared>(), ready);
            break;
        case StepPhase::Kind::Attend:
            if (phase.attention.problem.headDim > 256)
                attendTo<512, 1>(phase, part, weights, ofKeys<typename Shared::Wide>(), ready);
            else
                attendTo<256, kTiles>(phase, part, weights, ofKeys<typename Shared::Narrow>(),
                                      ready);
            break;
        case StepPhase::Kind::MergeRuns:
            ready();
            mergeAll(phase.attention, part.attention.range, phase.blocks,
                     behindRing<MergeShared>());
            break;
        case StepPhase::Kind::Elements:
            ready();
            eachElement(phase.elements, phase.blocks);
            break;
        case StepPhase::Kind::Route:
            routeRows(phase.route, phase.blocks, meeting, behindRing<RouteShared>());
            break;
        case StepPhase::Kind::Activate:
        case StepPhase::Kind::Down:
            runExperts(phase.experts,
                       phase.kind == StepPhase::Kind::Down ? ExpertPart::Down
                                                           : ExpertPart::Activate,
                       phase.blocks, meeting, behindRing<typename Shared::Experts>());
            break;
        case StepPhase::Kind::Branches:
            endBranches(phase.branches, phase.blocks, meeting, behindRing<BranchShared>());
            break;
        }
    }

    template <int kDim, int kPieces, class Keys, class Ready>
    __device__ __forceinline__ void attendTo(const StepPhase& phase, const PhasePart& part,
                                             WeightStream& weights, Keys& keys,
                                             const Ready& ready) {
        if constexpr (Memory::kStreamsKeys)
            attendInStep<kDim, kPieces>(phase.attention, part.attention, phase.blocks, weights,
                                        keys, ready);
        else
            attend<kDim, kPieces, (kDim > 256 ? 1 : Memory::kStages)>(phase.attention, phase.blocks,
                                                                      keys, ready);
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
    // The last four warps need few registers, and two of them nothing at all.
    if (threadIdx.x < kWorkers) {
        if constexpr (kWarpgroups)
            growRegisters<224>();
        block.work();
        return;
    }
    if constexpr (kWarpgroups)
        shrinkRegisters<56>();
    if (threadIdx.x < kMeeting)
        block.keepOrder();
    else if (threadIdx.x < kMeeting + 32)
        block.copyWeights();
}

/// One source an instance.
///   kRows   that products have at most: 1, 8 or 16
///   kTiles  2 where a K/V head of up to 256 columns is asked more than 16 queries
template <class Memory, int kRows, int kTiles>
void launchStep(const StepLaunch& launch, const FewPhases& few, int blocks, cudaStream_t stream) {
    const auto kernel = stepKernel<Memory, kRows, kTiles>;
    constexpr std::size_t kBytes = StepShared<Memory, kRows, kTiles>::kBytes;
    cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                         static_cast<int>(kBytes));
    launchDependent(kernel, dim3(static_cast<unsigned>(blocks)), dim3(kStepThreads), kBytes, stream,
                    launch, few);
}
#define LAPIDARY_STEP(prefix, memory, rows, tiles)                                                 \
    prefix template void launchStep<memory, rows, tiles>(const StepLaunch&, const FewPhases&, int, \
                                                         cudaStream_t)
LAPIDARY_STEP(extern, LargeRowMemory, 1, 1);
LAPIDARY_STEP(extern, LargeMemory, 8, 1);
LAPIDARY_STEP(extern, LargeMemory, 8, 2);
LAPIDARY_STEP(extern, LargeMemory, 16, 2);
LAPIDARY_STEP(extern, SmallMemory, 1, 1);
LAPIDARY_STEP(extern, SmallMemory, 8, 1);
LAPIDARY_STEP(extern, SmallMemory, 8, 2);
LAPIDARY_STEP(extern, SmallMemory, 16, 2);

} // namespace lapidary::kernels::cuda
