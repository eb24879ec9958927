#include "memory/device_choice.h"

#include "memory/size_text.h"

#include <kernels/assert.h>

#include <format>
#include <optional>
#include <utility>

namespace lapidary::engine {

Expected<DeviceChoice>
chooseDevice(std::span<const kernels::DeviceDescription> devices,
             const std::function<Expected<MemoryPlan>(const kernels::DeviceDescription&)>& plan) {
    LAPIDARY_ASSERT(!devices.empty());
    std::optional<Error> firstError;
    std::string reason; // of the best device, which is the one that was expected
    const kernels::DeviceDescription* chosen = nullptr;
    for (const kernels::DeviceDescription& device : devices) {
        const Expected<MemoryPlan> planned = plan(device);
        if (!planned) {
            if (!firstError)
                firstError = planned.error();
            if (reason.empty())
                reason = planned.error().sentence;
            continue;
        }
        chosen = &device;
        if (planned->fits())
            break;
        if (reason.empty())
            reason = std::format("{} has {} free and {} are needed.", device.name,
                                 sizeForPeople(planned->availableBytes),
                                 sizeForPeople(planned->total()));
    }
    if (chosen == nullptr) {
        LAPIDARY_ASSERT(firstError.has_value()); // of the first device
        return std::unexpected(*std::move(firstError));
    }
    if (chosen == &devices.front())
        return DeviceChoice{.device = *chosen, .passedOver = {}};
    return DeviceChoice{.device = *chosen,
                        .passedOver = std::format("Using {}: {}", chosen->name, reason)};
}

} // namespace lapidary::engine
