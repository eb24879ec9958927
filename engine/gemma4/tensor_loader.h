#pragma once

#include "recipe.h"

#include <kernels/backend.h>
#include <kernels/error.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace lapidary::engine {

class Checkpoint;

/// Brings a checkpoint's tensors to a device. The first problem stays: what is asked for after it
/// is empty, and `finish` tells it. So the code that loads a model reads straight down like the
/// table of its tensors. Used once, on one thread.
class TensorLoader {
public:
    /// Called with the bytes done after each piece.
    using Progress = std::function<void(std::size_t)>;

    TensorLoader(const Checkpoint& checkpoint, kernels::Backend& backend, WeightChoice weights,
                 Progress progress, std::stop_token stop);

    [[nodiscard]] bool has(const std::string& name) const;

    /// A matrix, or a stack of experts, packed by the backend. Corrupt where it is FP8 with NaN.
    kernels::Weight matrix(const std::string& name);

    /// The matrix cut by rows into `parts` equal ones.
    std::vector<kernels::Weight> matrixParts(const std::string& name, std::int64_t parts);

    /// A table that is only gathered from. It stays in the file.
    kernels::Weight table(const std::string& name);

    /// A vector or small table on the device, [elements] f32.
    kernels::Tensor vector(const std::string& name);

    /// The same from values of our own.
    kernels::Tensor vector(std::span<const float> values);

    /// The only element of a tensor.
    float scalar(const std::string& name);

    /// Read so far, tables not counted.
    [[nodiscard]] std::size_t doneBytes() const { return doneBytes_; }

    /// What the device holds of that: less where weights are quantised on the way.
    [[nodiscard]] std::size_t packedBytes() const { return packedBytes_; }

    /// The first error, Cancelled among them; otherwise the memory of all vectors, to be kept as
    /// long as they are used.
    [[nodiscard]] Expected<std::vector<kernels::Buffer>> finish();

private:
    template <class T>
    std::optional<T> accept(Expected<T> result);
    [[nodiscard]] std::optional<kernels::WeightSource> source(const std::string& name);
    kernels::Weight pack(const std::string& name, const kernels::WeightSource& source);
    bool goOn();
    void count(std::size_t bytes);

    const Checkpoint& checkpoint_;
    kernels::Backend& backend_;
    WeightChoice weights_;
    Progress progress_;
    std::stop_token stop_;
    std::unique_ptr<kernels::Packer> packer_;
    std::size_t doneBytes_ = 0;
    std::size_t packedBytes_ = 0;
    std::vector<kernels::Buffer> memory_;
    std::optional<Error> error_;
};

} // namespace lapidary::engine
