#pragma once

#include <kernels/backend.h>
#include <kernels/error.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

namespace lapidary::engine {

/// Memory for as long as one image is computed. Take all that is needed, then ask `finish` once
/// before computing; tensors are empty after the first failure.
class Workspace {
public:
    explicit Workspace(kernels::Backend& backend) : backend_(backend) {}

    kernels::Tensor take(kernels::DType type, std::initializer_list<std::int64_t> shape);

    /// An activation.
    kernels::Tensor take(std::initializer_list<std::int64_t> shape) {
        return take(backend_.activationType(), shape);
    }

    /// Indices of table rows, [size] i32.
    kernels::Tensor take(std::span<const std::int32_t> indices);

    /// Squares of pixels, [rows, values] activations.
    kernels::Tensor take(std::span<const float> pixels, std::int64_t rows);

    /// DoesNotFit.
    [[nodiscard]] Expected<void> finish() const;

private:
    kernels::Backend& backend_;
    std::vector<kernels::Buffer> buffers_;
    std::optional<Error> error_;
};

} // namespace lapidary::engine
