#pragma once

#include "backend.h"

#include <cstddef>

namespace lapidary::kernels {

/// Uninitialised memory of the host, 64-byte aligned; DoesNotFit when there is not so much left.
[[nodiscard]] Expected<Buffer> allocateHost(std::size_t bytes);

/// DoesNotFit: so many bytes are not there.
[[nodiscard]] std::unexpected<Error> noHostMemory(std::size_t bytes);

/// Working memory of one kind that operations borrow one after the other; it grows to the largest
/// that was asked for and its content does not outlive the operation.
class Scratch {
public:
    /// At least `count` floats, 64-byte aligned, or null when the machine has no more memory.
    [[nodiscard]] float* floats(std::size_t count);

private:
    Buffer buffer_;
};

} // namespace lapidary::kernels
