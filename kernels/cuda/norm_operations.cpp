#include "cuda/norm_operations.h"

#include "assert.h"
#include "cuda/skinny.h"
#include "cuda/step_phase.h"
#include "cuda/tensors.h"

#include <span>

namespace lapidary::kernels::cuda {

namespace {

std::int64_t widthOf(const Tensor& tensor) {
    return tensor.shape[static_cast<std::size_t>(tensor.rank - 1)];
}

/// Whether the step kernel norms these rows; which kernel does depends on shapes alone.
bool isStreamNorm(std::int64_t rows, std::int64_t width) {
    return rows <= kSkinnyRows && vectorised(width) && width <= kWidestNorm;
}

} // namespace

void NormOperations::rmsNorm(const Tensor& x, const Tensor& weight, float epsilon, const Tensor& y,
                             const Tensor& largest) {
    LAPIDARY_ASSERT(x.elements() == y.elements());
    const std::int64_t width = widthOf(x);
    const std::int64_t rows = x.elements() / width;
    if (!weight.empty() && isStreamNorm(rows, width)) {
        queue({.residual = halves(x),
               .epsilon = epsilon,
               .nextWeight = floats(weight),
               .normed = halves(y),
               .largest = floatsOrNone(largest),
               .rows = rows,
               .width = width});
        return;
    }
    cuda::rmsNorm(halves(x), floatsOrNone(weight), rows, width, epsilon, halves(y),
                  floatsOrNone(largest), stream_.handle());
}

AddNormedProblem addNormedProblem(const AddNormed& op) {
    LAPIDARY_ASSERT(op.x.elements() == op.residual.elements());
    AddNormedProblem problem{.residual = halves(op.residual),
                             .x = halves(op.x),
                             .weight = floats(op.weight),
                             .epsilon = op.epsilon,
                             .scale = op.scale,
                             .rows = op.x.rows(),
                             .width = op.x.rowSize()};
    if (!op.nextWeight.empty()) {
        problem.nextWeight = floats(op.nextWeight);
        problem.normed = halves(op.normed);
        problem.largest = floatsOrNone(op.largest);
    }
    return problem;
}

void NormOperations::addNormed(const AddNormed& op) {
    const AddNormedProblem problem = addNormedProblem(op);
    if (isStreamNorm(problem.rows, problem.width))
        queue(problem);
    else
        cuda::addNormed(problem, stream_.handle());
}

void NormOperations::queue(const AddNormedProblem& problem) {
    const StepPhase phase(problem, chain_.multiprocessors());
    chain_.add(std::span(&phase, 1));
}

} // namespace lapidary::kernels::cuda
