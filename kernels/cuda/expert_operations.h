#pragma once

#include "backend.h"
#include "cuda/expert_phase.h"
#include "cuda/products.h"
#include "cuda/step_chain.h"
#include "cuda/stream.h"

namespace lapidary::kernels::cuda {

/// Experts as backend.h has them: which kernel takes which shape. 1 to 16 rows are phases of the
/// step kernel, more rows are grouped by expert, and what begins off 16 bytes goes to a plain one.
class ExpertOperations {
public:
    ExpertOperations(Stream& stream, StepChain& chain, Products& products)
        : stream_(stream), chain_(chain), products_(products) {}

    void route(const Route& op);
    void expertMlp(const ExpertMlp& op);

    /// False where the phases do not take these shapes: nothing is queued.
    [[nodiscard]] bool mixedMlp(const MixedMlp& op);

private:
    void queue(const ExpertPhase& phase);

    Stream& stream_;
    StepChain& chain_;
    Products& products_;
};

} // namespace lapidary::kernels::cuda
