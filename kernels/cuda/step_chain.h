#pragma once

#include "cuda/hand_overs.h"
#include "cuda/step_phase.h"
#include "cuda/stream.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace lapidary::kernels::cuda {

/// Operations that the step kernel does. Alone each is a launch; while a step is recorded those
/// that follow each other become one, which is launched when anything else asks for the stream.
class StepChain {
public:
    /// DoesNotFit.
    [[nodiscard]] static Expected<std::unique_ptr<StepChain>> make(Stream& stream);

    /// Phases that follow each other; their blocks are at most the card's multiprocessors.
    void add(std::span<const StepPhase> phases);
    /// The phase that is added next needs nothing of the last one, only of those before.
    void parallel() { nextIsBeside_ = collects_; }

    /// From now on operations are collected.
    void collect();
    [[nodiscard]] bool collects() const { return collects_; }

    /// What a launch of many phases reads, for as long as it can be repeated.
    struct Program {
        Buffer memory;
        std::vector<std::byte> phases; ///< for `memory`, to be uploaded once nothing is recorded
    };
    /// No more. Nothing when there was no memory for a launch, which is then missing.
    [[nodiscard]] std::optional<std::vector<Program>> finish();

    [[nodiscard]] int multiprocessors() const { return stream_.multiprocessors(); }

private:
    explicit StepChain(Stream& stream) : stream_(stream) {}
    void flush();
    void launch(std::span<const StepPhase> phases, const StepPhase* onCard,
                const HandOvers::Kept& kept);

    Stream& stream_;
    Buffer arrivals_;
    bool collects_ = false;
    bool lacksMemory_ = false;
    HandOvers handOvers_;
    bool nextIsBeside_ = false;
    std::vector<StepPhase> waiting_;
    std::vector<Program> programs_;
};

} // namespace lapidary::kernels::cuda
