#include "cuda/expert_operations.h"

#include "assert.h"
#include "cuda/card_weight.h"
#include "cuda/norm_operations.h"
#include "cuda/tensors.h"

#include <cstddef>
#include <span>

namespace lapidary::kernels::cuda {

namespace {

RouteProblem problemOf(const Route& op) {
    LAPIDARY_ASSERT(op.proj.rows() <= kMostExperts && op.x.rowSize() <= kWidestNorm);
    return {.x = halves(op.x),
            .scale = floats(op.scale),
            .proj = static_cast<const Bf16*>(matrixOf(op.proj).numbers),
            .perExpertScale = floats(op.perExpertScale),
            .chosen = integers(op.chosen),
            .weights = floats(op.weights),
            .rows = op.x.rows(),
            .hidden = op.x.rowSize(),
            .experts = narrow(op.proj.rows()),
            .topK = narrow(op.chosen.rowSize()),
            .factor = op.factor,
            .epsilon = op.epsilon};
}

ExpertProblem problemOf(const ExpertMlp& op) {
    return {.gateUp = matrixOf(op.gateUp),
            .down = matrixOf(op.down),
            .x = halves(op.x),
            .chosen = integers(op.chosen),
            .weights = floats(op.weights),
            .y = halves(op.y),
            .rows = op.x.rows(),
            .hidden = op.x.rowSize(),
            .width = op.down.columns(),
            .experts = narrow(op.down.experts()),
            .topK = narrow(op.chosen.rowSize())};
}

std::size_t activatedBytes(const ExpertProblem& p) {
    return static_cast<std::size_t>(p.rows * p.topK * p.width) * sizeof(Bf16);
}

} // namespace

void ExpertOperations::route(const Route& op) {
    cuda::route(problemOf(op), stream_.handle());
}

void ExpertOperations::queue(const ExpertPhase& phase) {
    const auto phases = expertPhases(phase, chain_.multiprocessors());
    chain_.add(phases);
}

void ExpertOperations::expertMlp(const ExpertMlp& op) {
    const ExpertProblem problem = problemOf(op);
    const bool phases = arePhases(problem);
    const bool grouped = !phases && problem.rows > kSkinnyRows && vectorised(problem.hidden)
                         && vectorised(problem.width);
    void* const scratch =
        stream_.scratch(grouped ? groupedScratchBytes(problem) : activatedBytes(problem));
    if (scratch == nullptr)
        return;
    auto* const activated = static_cast<Bf16*>(scratch);
    if (phases)
        queue({.problem = problem, .activated = activated});
    else if (grouped)
        expertsGrouped(problem, scratch, stream_.handle());
    else
        expertsRagged(problem, activated, stream_.handle());
}

bool ExpertOperations::mixedMlp(const MixedMlp& op) {
    const RouteProblem routing = problemOf(op.route);
    ExpertProblem problem = problemOf(op.experts);
    if (!arePhases(problem))
        return false;
    LAPIDARY_ASSERT(op.sum.x.data == op.dense.y.data && routing.topK == problem.topK);
    const std::size_t logitBytes =
        static_cast<std::size_t>(routing.rows * routing.experts) * sizeof(float);
    const std::size_t activatedAt = (logitBytes + 15) / 16 * 16;
    auto* const scratch =
        static_cast<std::byte*>(stream_.scratch(activatedAt + activatedBytes(problem)));
    if (scratch == nullptr)
        return true;
    auto* const logits = reinterpret_cast<float*>(scratch);
    const StepPhase route(RoutePhase{routing, logits}, chain_.multiprocessors());
    chain_.add(std::span(&route, 1));
    chain_.parallel();
    products_.gatedMlp(op.dense);
    chain_.parallel();
    problem.x = routing.x;
    queue({.problem = problem,
           .activated = reinterpret_cast<Bf16*>(scratch + activatedAt),
           .norm = floats(op.expertsInNorm),
           .epsilon = op.epsilon,
           .logits = logits,
           .perExpertScale = routing.perExpertScale});
    const StepPhase end(BranchPhase{.sum = addNormedProblem(op.sum),
                                    .dense = halves(op.dense.y),
                                    .other = problem.y,
                                    .norm = floats(op.denseNorm),
                                    .otherNorm = floats(op.expertsNorm),
                                    .epsilon = op.epsilon},
                        chain_.multiprocessors());
    chain_.add(std::span(&end, 1));
    return true;
}

} // namespace lapidary::kernels::cuda
