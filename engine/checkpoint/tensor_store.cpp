#include "checkpoint/tensor_store.h"

#include "checkpoint/tensor_names.h"
#include "file/text_file.h"
#include "safetensors/shard_index.h"

#include <algorithm>
#include <array>
#include <format>
#include <optional>
#include <system_error>
#include <utility>

namespace lapidary::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kSafetensors = ".safetensors";
constexpr std::string_view kIndex = ".safetensors.index.json";
constexpr std::size_t kLargestIndex = 100'000'000;

/// Other files that hold weights, and what people call them.
constexpr std::array kForeignFiles = {
    std::pair{".gguf", "GGUF"},
    std::pair{".bin", "PyTorch .bin"},
    std::pair{".pt", "PyTorch .pt"},
    std::pair{".pth", "PyTorch .pth"},
};

/// Names in the folder that end so, sorted.
std::vector<std::string> namesEndingIn(const fs::path& folder, std::string_view ending) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        std::string name = entry->path().filename().string();
        if (name.ends_with(ending) && !name.starts_with('.'))
            names.push_back(std::move(name));
    }
    std::ranges::sort(names);
    return names;
}

std::unexpected<Error> failWithoutTensors(const fs::path& folder) {
    if (const std::optional<Error> foreign = foreignFormat(folder))
        return std::unexpected(*foreign);
    return fail(
        ErrorKind::NotFound,
        std::format("{} has no model.safetensors: download the model's weights.", folder.string()));
}

/// The one index or single file of the folder: what transformers itself looks for first.
struct Layout {
    std::string single = {};
    std::string index = {};
};

Expected<Layout> findLayout(const fs::path& folder) {
    const std::vector<std::string> files = namesEndingIn(folder, kSafetensors);
    const std::vector<std::string> indices = namesEndingIn(folder, kIndex);
    if (std::ranges::binary_search(files, "model.safetensors"))
        return Layout{.single = "model.safetensors"};
    if (std::ranges::binary_search(indices, "model.safetensors.index.json"))
        return Layout{.index = "model.safetensors.index.json"};
    if (indices.size() == 1)
        return Layout{.index = indices.front()};
    if (indices.empty() && files.size() == 1)
        return Layout{.single = files.front()};
    if (files.empty() && indices.empty())
        return failWithoutTensors(folder);
    return fail(ErrorKind::NotFound,
                std::format("{} has several safetensors files and no "
                            "model.safetensors.index.json: download the index.",
                            folder.string()));
}

} // namespace

std::optional<Error> foreignFormat(const fs::path& path) {
    for (const auto& [ending, name] : kForeignFiles)
        if (path.extension() == ending || !namesEndingIn(path, ending).empty())
            return Error{ErrorKind::Unsupported,
                         std::format("{} holds its weights as {}, which Lapidary does not read "
                                     "yet: choose a checkpoint in safetensors format.",
                                     path.string(), name)};
    return std::nullopt;
}

Expected<void> TensorStore::add(const std::string& fileName, const std::string& ownName,
                                const TensorView& view) {
    const auto [place, isNew] =
        tensors_.try_emplace(canonicalTensorName(ownName), StoredTensor{view, fileName, ownName});
    if (isNew)
        return {};
    return fail(ErrorKind::Corrupt,
                std::format("The tensor {} in {} is there a second time as {} in {}: download the "
                            "model again.",
                            ownName, fileName, place->second.ownName, place->second.fileName));
}

Expected<TensorStore> TensorStore::open(const fs::path& folder) {
    const Expected<Layout> layout = findLayout(folder);
    if (!layout)
        return std::unexpected(layout.error());
    TensorStore store;
    std::optional<ShardIndex> index;
    std::vector<std::string> names = {layout->single};
    if (!layout->index.empty()) {
        const Expected<std::string> text = readTextFile(folder / layout->index, kLargestIndex);
        if (!text)
            return std::unexpected(text.error());
        Expected<ShardIndex> read = readShardIndex(*text, layout->index);
        if (!read)
            return std::unexpected(read.error());
        names = read->files;
        index = std::move(*read);
    }
    for (const std::string& name : names) {
        Expected<SafetensorsFile> file = SafetensorsFile::open(folder / name);
        if (!file)
            return std::unexpected(file.error());
        store.files_.push_back(std::move(*file));
    }

    for (std::size_t i = 0; i < names.size(); ++i) {
        for (const auto& [tensor, view] : store.files_[i].tensors()) {
            // What the index does not know is left alone, unless another shard has it as well.
            if (index) {
                const auto mapped = index->fileOf.find(tensor);
                if (mapped == index->fileOf.end())
                    continue;
                if (mapped->second != names[i])
                    return fail(ErrorKind::Corrupt,
                                std::format("The tensor {} is in {} and in {}: download the model "
                                            "again.",
                                            tensor, names[i], mapped->second));
            }
            if (Expected<void> added = store.add(names[i], tensor, view); !added)
                return std::unexpected(added.error());
        }
    }
    if (index)
        for (const auto& [tensor, file] : index->fileOf)
            if (store.find(canonicalTensorName(tensor)) == nullptr)
                return fail(ErrorKind::Corrupt,
                            std::format("The tensor {} is not in {}, where {} has it: download the "
                                        "file again.",
                                        tensor, file, layout->index));
    return store;
}

const StoredTensor* TensorStore::find(std::string_view canonicalName) const {
    const auto found = tensors_.find(canonicalName);
    return found == tensors_.end() ? nullptr : &found->second;
}

std::size_t TensorStore::fileBytes() const {
    std::size_t sum = 0;
    for (const SafetensorsFile& file : files_)
        sum += file.sizeBytes();
    return sum;
}

Expected<void> TensorStore::checkIntact() const {
    for (const SafetensorsFile& file : files_)
        if (Expected<void> intact = file.checkIntact(); !intact)
            return intact;
    return {};
}

} // namespace lapidary::engine
