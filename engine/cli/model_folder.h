#pragma once

#include "cli/arguments.h"

#include <filesystem>

namespace lapidary::cli {

/// The option that every command with a model has.
inline constexpr Option kModelOption = {
    .name = "--model", .value = "DIR", .help = "the model's folder; the demo model without"};

/// The folder of --model, or of the demo model that is installed with the program (or lies in the
/// source tree that the program was built from).
[[nodiscard]] std::filesystem::path modelFolder(const Arguments& arguments);

} // namespace lapidary::cli
