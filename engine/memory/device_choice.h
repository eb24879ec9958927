#pragma once

#include "memory_plan.h"

#include <kernels/device.h>
#include <kernels/error.h>

#include <functional>
#include <span>
#include <string>

namespace lapidary::engine {

/// Where a model runs when nobody says where.
struct DeviceChoice {
    kernels::DeviceDescription device;
    std::string passedOver; ///< one sentence: why it is not the best device; "" when it is
};

/// The first device that the model fits; where it fits none, the last, whose refusal then says what
/// would help.
///   devices  best first, the processor last; at least one
///   plan     what the model would take there, or why the device cannot run it at all
/// The first device's error when none can run it.
[[nodiscard]] Expected<DeviceChoice>
chooseDevice(std::span<const kernels::DeviceDescription> devices,
             const std::function<Expected<MemoryPlan>(const kernels::DeviceDescription&)>& plan);

} // namespace lapidary::engine
