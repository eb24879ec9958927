#pragma once

#include "image.h"

#include <kernels/error.h>

#include <filesystem>
#include <memory>

namespace lapidary::cli {

/// The picture of a file. NotFound, Denied, Corrupt (a folder), and what decodeImage says, with the
/// file's name.
[[nodiscard]] Expected<std::shared_ptr<const engine::Image>>
readPicture(const std::filesystem::path& path);

} // namespace lapidary::cli
