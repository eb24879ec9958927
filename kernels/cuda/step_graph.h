#pragma once

#include "backend.h"
#include "cuda/stream.h"

#include <cstdint>
#include <functional>
#include <memory>

namespace lapidary::kernels::cuda {

/// Backend::repeat: a step becomes one graph, and its position a number in the card's memory that
/// the kernels of the graph read. The first call of a step runs it as it is, so that scratch has
/// its size; the second records; from then on a step is two launches.
class StepGraphs {
public:
    /// DoesNotFit.
    [[nodiscard]] static Expected<std::unique_ptr<StepGraphs>> make(Stream& stream);

    void repeat(std::unique_ptr<Backend::Recording>& recording, std::int64_t firstPosition,
                const std::function<void()>& operations);

    /// Where kernels find the position of the first row while a step is recorded, else null.
    [[nodiscard]] const std::int64_t* position() const { return recording_ ? position_ : nullptr; }

private:
    explicit StepGraphs(Stream& stream) : stream_(stream) {}
    [[nodiscard]] cudaGraphExec_t record(const std::function<void()>& operations);

    Stream& stream_;
    Buffer memory_;
    std::int64_t* position_ = nullptr;
    bool recording_ = false;
};

} // namespace lapidary::kernels::cuda
