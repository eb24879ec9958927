#include "cli/device_option.h"

#include "memory/device_choice.h"
#include "memory/refusal.h"
#include "model.h"

#include <kernels/device.h>

#include <cstdio>
#include <print>
#include <vector>

namespace lapidary::cli {

using namespace engine;

Expected<std::string>
deviceFor(const Arguments& arguments,
          const std::function<Expected<MemoryPlan>(const kernels::DeviceDescription&)>& plan) {
    if (const auto chosen = arguments.value(kDeviceOption.name))
        return *chosen;
    const std::vector<kernels::DeviceDescription> devices = kernels::listDevices();
    const auto choice = chooseDevice(devices, plan);
    if (!choice)
        return std::unexpected(choice.error());
    if (!choice->passedOver.empty())
        std::println(stderr, "{}", choice->passedOver);
    return choice->device.id;
}

Expected<std::string> deviceFor(const Arguments& arguments, const std::filesystem::path& folder,
                                const Recipe& recipe) {
    return deviceFor(arguments, [&](const kernels::DeviceDescription& device) {
        return checkCache(recipe.cache, device).and_then([&] {
            return planMemory(folder, recipe, device);
        });
    });
}

} // namespace lapidary::cli
