#include "assert.h"
#include "cuda/arch/card_limits.h"
#include "cuda/step_kernel.cuh"

#include <cstring>

namespace lapidary::kernels::cuda {
namespace {

/// Which instance of the kernel a step needs.
struct StepNeeds {
    int rows = 1;             ///< of a product
    bool manyQueries = false; ///< more than 16 of a narrow K/V head

    static StepNeeds of(std::span<const StepPhase> phases) {
        StepNeeds needs;
        for (const StepPhase& phase : phases)
            if (phase.kind == StepPhase::Kind::Product) {
                needs.rows = std::max(needs.rows, phase.product.product.rows);
            } else if (phase.kind == StepPhase::Kind::Attend) {
                const AttentionProblem& problem = phase.attention.problem;
                needs.manyQueries |= problem.headDim <= 256 && problem.queries() > 16;
            }
        return needs;
    }
};

template <class Memory>
void launchWith(StepNeeds needs, const StepLaunch& launch, const FewPhases& few, int blocks,
                cudaStream_t stream) {
    if (needs.rows > 8)
        launchStep<Memory, 16, 2>(launch, few, blocks, stream);
    else if (needs.manyQueries)
        launchStep<Memory, 8, 2>(launch, few, blocks, stream);
    else if (needs.rows > 1)
        launchStep<Memory, 8, 1>(launch, few, blocks, stream);
    else
        launchStep<Memory, 1, 1>(launch, few, blocks, stream);
}

} // namespace

std::array<StepPhase, 2> attentionPhases(const AttentionPhase& phase, int mostBlocks) {
    const AttentionProblem& p = phase.problem;
    const int units = p.kvHeads * ((p.queries() + 15) / 16);
    LAPIDARY_ASSERT(phase.sums.mostRuns <= kMostMergedRuns);
    return {StepPhase(StepPhase::Kind::Attend, std::min(phase.sums.mostRuns * units, mostBlocks),
                      phase),
            StepPhase(StepPhase::Kind::MergeRuns, std::min(mergeTasks(p), mostBlocks), phase)};
}

std::array<StepPhase, 2> expertPhases(const ExpertPhase& phase, int mostBlocks) {
    const ExpertProblem& p = phase.problem;
    const auto blocksFor = [&](std::int64_t channels) {
        return static_cast<int>(std::min<std::int64_t>(channels, mostBlocks));
    };
    return {StepPhase(StepPhase::Kind::Activate, blocksFor(p.rows * p.topK * p.width), phase),
            StepPhase(StepPhase::Kind::Down, blocksFor(p.rows * p.hidden), phase)};
}

bool arePhases(const ExpertProblem& p) {
    const bool plain = p.gateUp.format == ProductFormat::Plain;
    const std::int64_t columns = std::max(p.hidden, p.topK * p.width);
    return p.rows <= kSkinnyRows && p.topK <= kMostPhaseChosen && p.experts <= kMostExperts
           && p.hidden <= kWidestExpertInput && p.hidden % (plain ? 8 : 16) == 0
           && p.width % (plain ? 8 : 16) == 0
           && columns * (p.gateUp.format == ProductFormat::Fp8 ? 1 : 2) <= kExpertInputBytes;
}

void launchSteps(const StepSequence& steps, cudaStream_t stream) {
    FewPhases few{};
    if (steps.onCard == nullptr) {
        LAPIDARY_ASSERT(steps.phases.size() <= kFewPhases);
        std::memcpy(few.phases, steps.phases.data(), steps.phases.size_bytes());
    }
    const StepLaunch launch{.phases = steps.onCard,
                            .count = static_cast<int>(steps.phases.size()),
                            .arrivals = steps.arrivals};
    // Counts of arrivals stay equal because all blocks are there whenever they are used.
    const int blocks =
        steps.phases.size() == 1 ? steps.phases.front().blocks : steps.multiprocessors;
    const StepNeeds needs = StepNeeds::of(steps.phases);
    static_assert(StepShared<SmallMemory, 2>::kBytes <= kLeastShared);
    if (StepShared<LargeMemory, 2>::kBytes <= steps.sharedBytes)
        launchWith<LargeMemory>(needs, launch, few, blocks, stream);
    else
        launchWith<SmallMemory>(needs, launch, few, blocks, stream);
}

} // namespace lapidary::kernels::cuda
