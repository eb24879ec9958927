#pragma once

#include <kernels/error.h>

#include <filesystem>

namespace lapidary::app {

/// Says what a folder with a sound checkpoint lacks all the same, before a load gives up the model
/// that is in use. NotFound.
[[nodiscard]] Expected<void> checkFolder(const std::filesystem::path& folder);

} // namespace lapidary::app
