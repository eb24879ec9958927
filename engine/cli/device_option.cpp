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

Expected<std::string> deviceFor(const Arguments& arguments, const std::filesystem::path& folder,
                                const Recipe& recipe) {
    if (const auto chosen = arguments.value(kDeviceOption.name))
        return *chosen;
    const std::vector<kernels::DeviceDescription> devices = kernels::listDevices();
    const auto choice = chooseDevice(devices, [&](const kernels::DeviceDescription& device) {
        return checkCache(recipe.cache, device).and_then([&] {
            return planMemory(folder, recipe, device);
        });
    });
    if (!choice)
        return std::unexpected(choice.error());
    if (!choice->passedOver.empty())
        std::println(stderr, "{}", choice->passedOver);
    return choice->device.id;
}

} // namespace lapidary::cli
