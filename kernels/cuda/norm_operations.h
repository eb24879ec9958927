#pragma once

#include "backend.h"
#include "cuda/launch.h"
#include "cuda/step_chain.h"
#include "cuda/stream.h"

namespace lapidary::kernels::cuda {

/// What a kernel is told of backend.h, AddNormed.
[[nodiscard]] AddNormedProblem addNormedProblem(const AddNormed& op);

/// Norms as backend.h has them: 1 to 16 rows are a phase of the step kernel where their width
/// allows it, others a kernel of their own.
class NormOperations {
public:
    NormOperations(Stream& stream, StepChain& chain) : stream_(stream), chain_(chain) {}

    void rmsNorm(const Tensor& x, const Tensor& weight, float epsilon, const Tensor& y,
                 const Tensor& largest);
    void addNormed(const AddNormed& op);

private:
    void queue(const AddNormedProblem& problem);

    Stream& stream_;
    StepChain& chain_;
};

} // namespace lapidary::kernels::cuda
