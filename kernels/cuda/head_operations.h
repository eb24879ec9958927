#pragma once

#include "backend.h"
#include "cuda/sample_operations.h"
#include "cuda/stream.h"

namespace lapidary::kernels::cuda {

/// Heads in 8 bits as backend.h has them.
class HeadOperations {
public:
    HeadOperations(Stream& stream, SampleOperations& samples)
        : stream_(stream), samples_(samples) {}

    /// Of bf16 with rows of whole 16 bytes and at most kWidestCoarse columns; else empty.
    [[nodiscard]] Expected<CoarseHead> coarsen(const Weight& w);

    /// Of a coarse head that is not empty.
    void estimate(const Estimate& op);

    /// Draws from such estimates. False, with nothing done, where that takes the logits of all
    /// tokens: with a penalty, which brings forward whoever it spares, and for a wide choice.
    [[nodiscard]] bool sample(const Sample& op);

private:
    Stream& stream_;
    SampleOperations& samples_;
};

} // namespace lapidary::kernels::cuda
