#pragma once

#include "cuda/step_phase.h"
#include "cuda/stream.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace lapidary::kernels::cuda {

/// Which phases of a launch are handed what they read (hand_over.cuh), and through which memory.
class HandOvers {
public:
    /// DoesNotFit.
    [[nodiscard]] static Expected<HandOvers> make(Stream& stream);
    /// Through `memory`, all bits of which are set; with none, phases wait for all before them.
    explicit HandOvers(Buffer memory = {}) : memory_(std::move(memory)) {}

    /// What all blocks keep of a launch.
    struct Kept {
        const Bf16* residual = nullptr; ///< [width], or null
        int width = 0;
        int blocks = 0; ///< that keep it: the first ones of the grid
    };
    /// Norms that products take over are no longer phases after it.
    ///   widest  residual that blocks keep: products of one row may norm what they take
    [[nodiscard]] Kept plan(std::vector<StepPhase>& phases, int widest);

private:
    struct Taken {
        std::size_t begin, end; ///< of memory, bytes
        std::size_t phase;      ///< which reads it
    };

    void connect(std::vector<StepPhase>& phases, std::size_t to);
    void handProduct(StepPhase& from, std::size_t to, StepPhase& product);
    void handRows(StepPhase& from, std::size_t to, StepPhase& attention);
    void handNorm(StepPhase& from, std::size_t to, StepPhase& product);
    void handSum(StepPhase& from, std::size_t to, StepPhase& norm);
    void handNormed(StepPhase& from, std::size_t to, StepPhase& product);
    void handRuns(StepPhase& from, std::size_t to, StepPhase& merge);
    void handMerged(StepPhase& from, std::size_t to, StepPhase& product);

    /// Memory for phase `to`, or null: there is none that all have seen cleared by then.
    [[nodiscard]] std::byte* reserve(std::size_t bytes, std::size_t to, StepPhase& phase);

    Buffer memory_;
    std::vector<Taken> taken_; ///< of the launch that is planned, in their order
    std::size_t next_ = 0;
};

} // namespace lapidary::kernels::cuda
