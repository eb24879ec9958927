#pragma once

#include "cli/arguments.h"

#include <filesystem>

namespace lapidary::cli {

/// The option that every command with a model has.
inline constexpr Option kModelOption = {
    .name = "--model", .value = "DIR", .help = "the model's folder; the demo model without"};

/// The program's data: installed with it, or in the source tree that it was built from.
[[nodiscard]] std::filesystem::path resourceFolder();

/// The folder of --model, or of the demo model among the program's data.
[[nodiscard]] std::filesystem::path modelFolder(const Arguments& arguments);

} // namespace lapidary::cli
