#pragma once

#include <kernels/error.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// A *.safetensors.index.json: which file holds which tensor (formats.md 3.3).
struct ShardIndex {
    std::map<std::string, std::string, std::less<>> fileOf; ///< by tensor name
    std::vector<std::string> files;                         ///< each once, sorted
};

/// Reads an index; every file name is a bare name of this folder. Corrupt.
[[nodiscard]] Expected<ShardIndex> readShardIndex(std::string_view json, std::string_view fileName);

/// True for a name that cannot lead out of its folder.
[[nodiscard]] bool isBareFileName(std::string_view name);

} // namespace lapidary::engine
