#pragma once

#include <cstddef>
#include <string>

namespace lapidary::kernels {

/// The physical cores that this process may run on; at least 1.
[[nodiscard]] int physicalCores();

/// The name that the processor gives itself.
[[nodiscard]] std::string processorName();

/// Bytes of main memory, and those of it that a program could have now.
[[nodiscard]] std::size_t totalMemory();
[[nodiscard]] std::size_t availableMemory();

} // namespace lapidary::kernels
