#pragma once

#include "cli/arguments.h"
#include "recipe.h"

#include <filesystem>
#include <string>

namespace lapidary::cli {

/// The option of every command that computes.
inline constexpr Option kDeviceOption = {
    .name = "--device",
    .value = "ID",
    .help = "cpu, cuda:0, …; without, the best that the model fits"};

/// The device of --device, or the best that the model fits with the recipe; when that is not the
/// best of all, one line on the error output says why. Errors as planMemory.
[[nodiscard]] Expected<std::string> deviceFor(const Arguments& arguments,
                                              const std::filesystem::path& folder,
                                              const engine::Recipe& recipe);

} // namespace lapidary::cli
