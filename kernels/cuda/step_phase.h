#pragma once

#include "cuda/attention.h"
#include "cuda/expert_phase.h"
#include "cuda/launch.h"
#include "cuda/skinny.h"

#include <algorithm>
#include <array>
#include <span>

namespace lapidary::kernels::cuda {

/// The runs of keys of an attention of 1 to 16 rows, or their merge.
struct AttentionPhase {
    AttentionProblem problem;
    RawRows raw;
    RunSums sums;
    /// [kMostUnits], one less than the runs that were taken beyond the first of each block.
    unsigned* claimed = nullptr;
    HandedMerge handed = {};
};

/// The norms of some rows. With `handed` x is handed over.
struct NormPhase {
    AddNormedProblem problem;
    bool handed = false;
    Bf16* handedNormed = nullptr; ///< where the next phase finds what is normed, or null
    float* handedLargest = nullptr;
};

/// y = gelu_tanh(a) ⊙ b or, with a scale, (a + b) · scale.
struct ElementPhase {
    const Bf16* a = nullptr;
    const Bf16* b = nullptr;
    Bf16* y = nullptr; ///< may be the memory of either
    int64_t count = 0;
    float scale = 0;
};

/// Memory through which phases hand numbers over (hand_over.cuh).
struct HandOver {
    uint4* memory = nullptr;
    int chunks = 0; ///< of 16 bytes
};

/// Phases before one which other blocks may still be in, at most.
inline constexpr int kMostLag = 3;

/// One operation of the step kernel (step_kernel.cuh).
struct StepPhase {
    enum class Kind : std::int32_t {
        Product,
        Norm,
        Attend,
        MergeRuns,
        Elements,
        Route,
        Activate, ///< of experts
        Down,     ///< of experts
        Branches
    };

    explicit StepPhase(const SkinnyLaunch& launch)
        : kind(Kind::Product), blocks(launch.blocks), product(launch) {}
    StepPhase(const AddNormedProblem& problem, int mostBlocks)
        : kind(Kind::Norm)
        , blocks(static_cast<int>(std::min<int64_t>(problem.rows, mostBlocks)))
        , norm{.problem = problem} {}
    StepPhase(const ElementPhase& phase, int mostBlocks)
        : kind(Kind::Elements)
        , blocks(static_cast<int>(std::clamp<int64_t>(phase.count / 256, 1, mostBlocks)))
        , elements(phase) {}
    StepPhase(Kind part, int shared, const AttentionPhase& phase)
        : kind(part), blocks(shared), attention(phase) {}
    StepPhase(const RoutePhase& phase, int mostBlocks)
        : kind(Kind::Route), blocks(std::min(phase.problem.experts, mostBlocks)), route(phase) {}
    StepPhase(Kind part, int shared, const ExpertPhase& phase)
        : kind(part), blocks(shared), experts(phase) {}
    StepPhase(const BranchPhase& phase, int mostBlocks)
        : kind(Kind::Branches)
        , blocks(static_cast<int>(std::min<int64_t>(phase.sum.rows, mostBlocks)))
        , branches(phase) {}

    Kind kind;
    int blocks;         ///< that take part: the first ones of the grid
    int nextCopied = 0; ///< the first phase after this one that a ring is filled for, or the end
    /// How many phases before it other blocks may still be in: 0 is a barrier before it. What it
    /// reads of these it does not need, or is handed.
    int lag = 0;
    HandOver taken; ///< what it is handed
    union alignas(16) {
        SkinnyLaunch product;
        NormPhase norm;
        AttentionPhase attention;
        ElementPhase elements;
        RoutePhase route;
        ExpertPhase experts;
        BranchPhase branches;
    };
    /// On cards from 9.0 up: of a product's segments; of an attention's keys and values.
    TensorMap maps[3];
};

/// Attention as two phases.
[[nodiscard]] std::array<StepPhase, 2> attentionPhases(const AttentionPhase& phase, int mostBlocks);

/// Experts as two phases.
[[nodiscard]] std::array<StepPhase, 2> expertPhases(const ExpertPhase& phase, int mostBlocks);

/// Up to this width rows are normed by the step kernel; a multiple of 8.
inline constexpr int64_t kWidestNorm = 8192;

/// Phases that a launch carries with it; more are read from the card's memory.
inline constexpr std::size_t kFewPhases = 2;

struct StepSequence {
    std::span<const StepPhase> phases; ///< nextCopied set
    const StepPhase* onCard = nullptr; ///< a copy in the card's memory; null: they are few
    const Bf16* residual = nullptr;    ///< [width], which blocks keep, or null
    int width = 0;
    unsigned* arrivals = nullptr; ///< [multiprocessors], zero at first: of the step kernel
    int multiprocessors = 0;
    std::size_t sharedBytes = 0; ///< that a block of this card may have
};
/// The widest residual of a single row that the blocks of a launch keep, on a card with so much
/// shared memory; 0: they keep none.
[[nodiscard]] int widestResidual(std::span<const StepPhase> phases, std::size_t sharedBytes);

/// Phases one after another, as one launch.
void launchSteps(const StepSequence& steps, cudaStream_t stream);

} // namespace lapidary::kernels::cuda
