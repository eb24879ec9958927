#pragma once

#include "memory/memory_plan.h"

#include <kernels/device.h>
#include <kernels/error.h>

#include <string>

namespace lapidary::engine {

/// DoesNotFit when the plan does not fit, with what would: a shorter context, or a smaller model.
[[nodiscard]] Expected<void> checkFits(const MemoryPlan& plan, const std::string& model,
                                       const kernels::DeviceDescription& device);

/// Unsupported when the device cannot keep the cache that the recipe asks for.
[[nodiscard]] Expected<void> checkCache(CacheFormat format,
                                        const kernels::DeviceDescription& device);

} // namespace lapidary::engine
