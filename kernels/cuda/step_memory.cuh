#pragma once

// The shared memory of a block of the step kernel (step_kernel.cuh).
#include "cuda/attention_phase.cuh"
#include "cuda/branch_phase.cuh"
#include "cuda/expert_phase.cuh"
#include "cuda/norm_phase.cuh"
#include "cuda/route_phase.cuh"
#include "cuda/skinny_product.cuh"

#include <algorithm>

namespace lapidary::kernels::cuda {

/// Runs of a query that are merged: enough for the longest context of models that run on cards, 2²⁰
/// keys; of 256k there are 464.
inline constexpr int kMostMergedRuns = 1280;
static_assert(runOf(false, (1 << 20) - 1) < kMostMergedRuns);

/// How the shared memory of a card is used.
///   kDepth  steps in the ring of weights; with experts in the launch kDepthBesideExperts
///   kStreamsKeys  keys come through the ring too; otherwise attention has the ring's memory
///   kStages  of keys on their way then, for attention with 256 columns
///   kRounds  of x on their way to a product
///   kPasses  of experts' weights on their way, 8 KiB each, or 16 where there are more than two
///   kRowBytes  of a single row of x
///   kWidth  of the residual of a single row that all blocks keep, or 0: none does
template <int kDepthOf, int kDepthBesideExpertsOf, bool kStreamsKeysOf, int kStagesOf,
          int kRoundsOf, int kPassesOf, int kRowBytesOf, int kWidthOf>
struct StepMemory {
    static constexpr int kDepth = kDepthOf;
    static constexpr int kDepthBesideExperts = kDepthBesideExpertsOf;
    static constexpr bool kStreamsKeys = kStreamsKeysOf;
    static constexpr int kStages = kStagesOf;
    static constexpr int kRounds = kRoundsOf;
    static constexpr int kPasses = kPassesOf;
    static constexpr int kRowBytes = kRowBytesOf;
    static constexpr int kWidth = kWidthOf;
};
// 228 KB a multiprocessor. Room for more of x on its way is worth less than a deeper ring: three
// rounds fewer and two steps more gain 3 to 6 % at 2 to 8 rows.
using LargeMemory = StepMemory<6, 4, true, 0, 1, 5, 0, 0>;
using LargeRowMemory = StepMemory<6, 4, true, 0, 4, 5, 19 * 1024, 6144>;
// 100 KB.
using SmallMemory = StepMemory<2, 2, false, 1, 1, 2, 32 * 1024, 0>;

/// What the workers need to know of their block's part in a phase.
union PhasePart {
    SkinnyPart product;
    AttentionPart attention;
};

/// Finds it; one lane.
class PartFinder {
public:
    __device__ void find(const StepPhase& phase, PhasePart& part) {
        if (phase.kind == StepPhase::Kind::Product)
            part.product = SkinnyPart::of(phase.product);
        if (phase.kind == StepPhase::Kind::Attend || phase.kind == StepPhase::Kind::MergeRuns)
            part.attention =
                AttentionPart::of(phase.attention.problem, positions_.of(phase.attention.problem));
    }

private:
    KnownPosition positions_;
};

/// What attention shares of a step.
template <class Memory, int kTiles>
struct StepKeys {
    using Narrow = typename DecodeShape<256, kTiles, Memory::kStages>::Shared;
    using Wide = typename DecodeShape<512, 1, 1>::Shared;
};
template <class Memory, int kTiles>
    requires Memory::kStreamsKeys
struct StepKeys<Memory, kTiles> {
    using Narrow = typename StepAttentionShape<256, kTiles>::Shared;
    using Wide = typename StepAttentionShape<512, 1>::Shared;
};

/// What lies where in the shared memory of a block: the ring, what a phase shares behind it, the
/// residual, descriptions.
template <class Memory, int kRows, int kTiles>
struct StepShared {
    using Narrow = typename StepKeys<Memory, kTiles>::Narrow;
    using Wide = typename StepKeys<Memory, kTiles>::Wide;
    using Products =
        std::conditional_t<kRows == 1, RowShared<Memory::kRowBytes>, SkinnyShared<Memory::kRounds>>;
    using Experts = ExpertShared<Memory::kPasses>;

    __host__ __device__ static constexpr std::size_t ringBytes(int depth) {
        return sizeof(SkinnyStep) * static_cast<std::size_t>(depth);
    }
    static constexpr std::size_t kAttention = std::max(sizeof(Narrow), sizeof(Wide));
    static constexpr std::size_t kOthers =
        std::max({sizeof(Products), sizeof(NormShared),
                  sizeof(MergeShared) + 2 * kMostMergedRuns * sizeof(float),
                  Memory::kStreamsKeys ? kAttention : 0});
    static constexpr std::size_t kBesideExperts =
        std::max({kOthers, sizeof(Experts), sizeof(RouteShared), sizeof(BranchShared)});
    /// Where there are experts no residual is kept (hand_overs.cpp).
    static constexpr std::size_t kResidualAt = (ringBytes(Memory::kDepth) + kOthers + 15) / 16 * 16;
    static constexpr std::size_t kResidual = kRows == 1 ? Memory::kWidth * sizeof(Bf16) : 0;
    static constexpr std::size_t kEnd =
        std::max({kResidualAt + kResidual, kAttention,
                  ringBytes(Memory::kDepthBesideExperts) + kBesideExperts});

    /// Copies of what stands in the card's memory, and what a block makes of it.
    struct Descriptions {
        PhaseCopy entered[2]; ///< in turn
        PhasePart parts[2];
        bool ends;        ///< there is no more
        PhaseCopy copied; ///< for the warp that copies weights
        RingBarriers barriers;
        LeavingBarriers leaving;
    };
    static constexpr std::size_t kDescriptionsAt = (kEnd + 15) / 16 * 16;
    static constexpr std::size_t kBytes = kDescriptionsAt + sizeof(Descriptions);
};

} // namespace lapidary::kernels::cuda
