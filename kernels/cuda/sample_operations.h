#pragma once

#include "backend.h"
#include "cuda/candidates.h"
#include "cuda/stream.h"

namespace lapidary::kernels::cuda {

/// Sampling as backend.h has it. A wide choice (no topK, or a very large one) is rare: the
/// processor makes it.
class SampleOperations {
public:
    explicit SampleOperations(Stream& stream) : stream_(stream) {}

    void sample(const Sample& op);

    [[nodiscard]] static bool drawsOnCard(const Sampling& sampling);

    /// On the card, what it draws: without a penalty where logits are estimates.
    void draw(const Sample& op, EstimatedLogits estimated);

private:
    void onHost(const Sample& op);

    Stream& stream_;
};

} // namespace lapidary::kernels::cuda
