#pragma once

#include "cli/arguments.h"
#include "memory/memory_plan.h"
#include "recipe.h"

#include <kernels/device.h>
#include <kernels/error.h>

#include <filesystem>
#include <functional>
#include <string>

namespace lapidary::cli {

/// The option of every command that computes.
inline constexpr Option kDeviceOption = {
    .name = "--device",
    .value = "ID",
    .help = "cpu, cuda:0, …; without, the best that the model fits"};

/// The device of --device, or the best whose plan fits; when that is not the best of all, one line
/// on the error output says why. Errors as chooseDevice.
[[nodiscard]] Expected<std::string> deviceFor(
    const Arguments& arguments,
    const std::function<Expected<engine::MemoryPlan>(const kernels::DeviceDescription&)>& plan);

/// The same for a folder and a recipe. Errors as planMemory.
[[nodiscard]] Expected<std::string> deviceFor(const Arguments& arguments,
                                              const std::filesystem::path& folder,
                                              const engine::Recipe& recipe);

} // namespace lapidary::cli
