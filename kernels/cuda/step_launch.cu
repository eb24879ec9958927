#include "assert.h"
#include "cuda/arch/card_limits.h"
#include "cuda/step_kernel.cuh"

#include <cstring>

namespace lapidary::kernels::cuda {
namespace {

bool isOfExperts(StepPhase::Kind kind) {
    using enum StepPhase::Kind;
    return kind == Route || kind == Activate || kind == Down || kind == Branches;
}

/// Which instance of the kernel a step needs.
struct StepNeeds {
    int rows = 1;             ///< of a product
    bool manyQueries = false; ///< more than 16 of a narrow K/V head
    bool experts = false;
    int rowBytes = 0; ///< of a row of x as a block stages it

    static StepNeeds of(std::span<const StepPhase> phases) {
        StepNeeds needs;
        for (const StepPhase& phase : phases)
            if (phase.kind == StepPhase::Kind::Product) {
                const SkinnyLaunch& launch = phase.product;
                needs.rows = std::max(needs.rows, launch.product.rows);
                needs.rowBytes = std::max(needs.rowBytes, stagedRowBytes(launch));
            } else if (phase.kind == StepPhase::Kind::Attend) {
                const AttentionProblem& problem = phase.attention.problem;
                needs.manyQueries |= problem.headDim <= 256 && problem.queries() > 16;
            } else {
                needs.experts |= isOfExperts(phase.kind);
            }
        return needs;
    }
};

// A norm leaves all blocks the whole row.
static_assert(LargeRowMemory::kWidth * sizeof(Bf16) <= LargeRowMemory::kRowBytes);

template <class Memory, class RowMemory>
constexpr std::size_t kMostShared =
    std::max({StepShared<RowMemory, 1, 1>::kBytes, StepShared<Memory, 8, 2>::kBytes,
              StepShared<Memory, 16, 2>::kBytes});
static_assert(kMostShared<SmallMemory, SmallMemory> <= kLeastShared);
static_assert(kMostShared<LargeMemory, LargeRowMemory> <= std::size_t{227} << 10);

__global__ void anyKernel() {}

/// Whether the card has the memory, and code that copies boxes.
bool isLarge(std::size_t sharedBytes) {
    return kMostShared<LargeMemory, LargeRowMemory> <= sharedBytes
           && startsEarly(reinterpret_cast<const void*>(anyKernel));
}

template <class Memory, class RowMemory>
void launchWith(StepNeeds needs, StepLaunch launch, const FewPhases& few, int blocks,
                cudaStream_t stream) {
    const bool single =
        needs.rows == 1 && !needs.manyQueries && needs.rowBytes <= RowMemory::kRowBytes;
    if (single)
        launch.depth = needs.experts ? RowMemory::kDepthBesideExperts : RowMemory::kDepth;
    else
        launch.depth = needs.experts ? Memory::kDepthBesideExperts : Memory::kDepth;
    if (single)
        launchStep<RowMemory, 1, 1>(launch, few, blocks, stream);
    else if (needs.rows > 8)
        launchStep<Memory, 16, 2>(launch, few, blocks, stream);
    else if (needs.manyQueries)
        launchStep<Memory, 8, 2>(launch, few, blocks, stream);
    else
        launchStep<Memory, 8, 1>(launch, few, blocks, stream);
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

int widestResidual(std::span<const StepPhase> phases, std::size_t sharedBytes) {
    const StepNeeds needs = StepNeeds::of(phases);
    const bool large = isLarge(sharedBytes);
    const int rowBytes = large ? LargeRowMemory::kRowBytes : SmallMemory::kRowBytes;
    if (needs.rows > 1 || needs.manyQueries || needs.rowBytes > rowBytes)
        return 0;
    return large ? LargeRowMemory::kWidth : SmallMemory::kWidth;
}

void launchSteps(const StepSequence& steps, cudaStream_t stream) {
    FewPhases few{};
    if (steps.onCard == nullptr) {
        LAPIDARY_ASSERT(steps.phases.size() <= kFewPhases);
        std::memcpy(few.phases, steps.phases.data(), steps.phases.size_bytes());
    }
    const StepLaunch launch{.phases = steps.onCard,
                            .count = static_cast<int>(steps.phases.size()),
                            .arrivals = steps.arrivals,
                            .residual = steps.residual,
                            .width = steps.width};
    // Counts of arrivals stay equal because all blocks are there whenever they are used.
    const int blocks =
        steps.phases.size() == 1 ? steps.phases.front().blocks : steps.multiprocessors;
    const StepNeeds needs = StepNeeds::of(steps.phases);
    if (isLarge(steps.sharedBytes))
        launchWith<LargeMemory, LargeRowMemory>(needs, launch, few, blocks, stream);
    else
        launchWith<SmallMemory, SmallMemory>(needs, launch, few, blocks, stream);
}

} // namespace lapidary::kernels::cuda
