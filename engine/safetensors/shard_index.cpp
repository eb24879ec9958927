#include "safetensors/shard_index.h"

#include "json/parse.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <format>
#include <set>

namespace lapidary::engine {

bool isBareFileName(std::string_view name) {
    // Separators, drive letters and control characters, on any system the folder may come from.
    const auto harmless = [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 && c != '/' && c != '\\' && c != ':';
    };
    return !name.empty() && name.size() <= 255 && !name.starts_with('.')
           && std::ranges::all_of(name, harmless) && name.find("..") == std::string_view::npos;
}

Expected<ShardIndex> readShardIndex(std::string_view json, std::string_view fileName) {
    const auto corrupt = [&](std::string_view what) {
        return fail(ErrorKind::Corrupt,
                    std::format("{}: {}: download the file again.", fileName, what));
    };
    // metadata and weight_map, and room for what other writers put into metadata.
    Expected<Json> index = parseJson(json, fileName, {.depth = 8});
    if (!index)
        return std::unexpected(index.error());
    if (!index->is_object() || !index->contains("weight_map")
        || !(*index)["weight_map"].is_object())
        return corrupt("weight_map is missing");

    ShardIndex shards;
    std::set<std::string> files;
    for (const auto& [tensor, file] : (*index)["weight_map"].items()) {
        if (!file.is_string())
            return corrupt(std::format("the file of the tensor {} is not a string", tensor));
        const auto name = file.get<std::string>();
        if (!isBareFileName(name))
            return corrupt(std::format(
                "the file of the tensor {} is not a plain file name of this folder", tensor));
        shards.fileOf.emplace(tensor, name);
        files.insert(name);
    }
    if (files.empty())
        return corrupt("weight_map names no file");
    shards.files.assign(files.begin(), files.end());
    return shards;
}

} // namespace lapidary::engine
