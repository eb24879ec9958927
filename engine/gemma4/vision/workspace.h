#pragma once

#include <kernels/backend.h>

#include <cstddef>
#include <initializer_list>
#include <vector>

namespace lapidary::engine {

/// Memory for as long as one image is computed. `take` what is needed, then look at `error` once.
class Workspace {
public:
    explicit Workspace(kernels::Backend& backend) : backend_(backend) {}

    /// A tensor of this shape; empty after the first failure.
    kernels::Tensor take(kernels::DType type, std::initializer_list<std::int64_t> shape);

    /// An activation.
    kernels::Tensor take(std::initializer_list<std::int64_t> shape) {
        return take(backend_.activationType(), shape);
    }

    [[nodiscard]] Expected<void> finish() const;

private:
    kernels::Backend& backend_;
    std::vector<kernels::Buffer> buffers_;
    std::optional<Error> error_;
};

} // namespace lapidary::engine
