#pragma once

#include "backend.h"
#include "cuda/step_chain.h"
#include "cuda/stream.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace lapidary::kernels::cuda {

/// Backend::repeat: a step becomes one graph, and its position a number in the card's memory that
/// the kernels of the graph read. The first call of a step runs it as it is, so that scratch has
/// its size; the second records; from then on a step is two launches.
class StepGraphs {
public:
    /// DoesNotFit.
    [[nodiscard]] static Expected<std::unique_ptr<StepGraphs>> make(Stream& stream,
                                                                    StepChain& chain);

    void repeat(std::unique_ptr<Backend::Recording>& recording, std::int64_t firstPosition,
                const std::function<void()>& operations);

    /// Where kernels find the position of the first row while a step is recorded, else null.
    [[nodiscard]] const std::int64_t* position() const { return recording_ ? position_ : nullptr; }

private:
    StepGraphs(Stream& stream, StepChain& chain) : stream_(stream), chain_(chain) {}
    [[nodiscard]] cudaGraphExec_t record(const std::function<void()>& operations,
                                         std::vector<Buffer>& memory);

    Stream& stream_;
    StepChain& chain_;
    Buffer memory_;
    std::int64_t* position_ = nullptr;
    bool recording_ = false;
};

} // namespace lapidary::kernels::cuda
