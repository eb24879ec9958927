#pragma once

#include "growing_memory.h"

#include <memory>

namespace lapidary::kernels {

/// Backend::reserve on the processor: pages that may not be touched until they are grown into, so
/// that a step which reaches too far shows at once.
[[nodiscard]] Expected<std::unique_ptr<GrowingMemory>> reserveHost(std::size_t mostBytes);

} // namespace lapidary::kernels
