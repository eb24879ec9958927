#pragma once

#include "backend.h"
#include "cuda/attention.h"
#include "cuda/step_chain.h"
#include "cuda/step_graph.h"
#include "cuda/stream.h"

#include <memory>

namespace lapidary::kernels::cuda {

/// Attention as backend.h has it: which kernel takes which rows. 1 to 16 rows of text are phases of
/// the step kernel, or a launch of their own over many keys; more rows, and runs that see each
/// other, walk their keys in tiles.
class AttentionOperations {
public:
    /// DoesNotFit.
    [[nodiscard]] static Expected<std::unique_ptr<AttentionOperations>>
    make(Stream& stream, StepChain& chain, const StepGraphs& steps);

    void rotateAndStore(const RotateAndStore& op);
    void attention(const Attention& op);
    void rotateAndAttend(const RotateAndStore& rotate, const Attention& op);
    void visionAttention(const VisionAttention& op);

private:
    AttentionOperations(Stream& stream, StepChain& chain, const StepGraphs& steps)
        : stream_(stream), chain_(chain), steps_(steps) {}
    void prefill(const AttentionProblem& problem, const DeviceRuns& runs);
    void decode(AttentionProblem problem, const RawRows& raw);

    Stream& stream_;
    StepChain& chain_;
    const StepGraphs& steps_;
    Buffer counters_; ///< DecodeCounters of attentionDecode and of the chain's attention
};

} // namespace lapidary::kernels::cuda
