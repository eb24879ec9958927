#pragma once

#include <kernels/error.h>

#include <cstddef>
#include <filesystem>
#include <string>

namespace lapidary::engine {

/// The content of a text file of at most `limitBytes`. NotFound, Denied, Corrupt (longer).
[[nodiscard]] Expected<std::string> readTextFile(const std::filesystem::path& path,
                                                 std::size_t limitBytes);

} // namespace lapidary::engine
