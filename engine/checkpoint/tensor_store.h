#pragma once

#include "safetensors/file.h"
#include "safetensors/tensor_view.h"

#include <kernels/error.h>

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// A tensor of a folder, with the place it came from.
struct StoredTensor {
    TensorView view;
    std::string fileName; ///< "model-00001-of-00002.safetensors"
    std::string ownName;  ///< as the file calls it
};

/// What to say of a folder or file whose weights are in a format without a reader; none when there
/// is no sign of one.
[[nodiscard]] std::optional<Error> foreignFormat(const std::filesystem::path& path);

/// All tensors of the safetensors files of a folder: one file, or the shards of an index
/// (formats.md 3.3), by their canonical names. Any thread.
class TensorStore {
public:
    /// NotFound (no tensor files, a missing shard), Denied, Corrupt, Unsupported (files of another
    /// format).
    [[nodiscard]] static Expected<TensorStore> open(const std::filesystem::path& folder);

    [[nodiscard]] const std::map<std::string, StoredTensor, std::less<>>& tensors() const {
        return tensors_;
    }
    /// In the order of the index.
    [[nodiscard]] const std::vector<SafetensorsFile>& files() const { return files_; }

    [[nodiscard]] const StoredTensor* find(std::string_view canonicalName) const;
    [[nodiscard]] std::size_t fileBytes() const;

    /// Corrupt when one of the files has become shorter since it was opened.
    [[nodiscard]] Expected<void> checkIntact() const;

private:
    [[nodiscard]] Expected<void> add(const std::string& fileName, const std::string& ownName,
                                     const TensorView& view);

    std::vector<SafetensorsFile> files_;
    std::map<std::string, StoredTensor, std::less<>> tensors_;
};

} // namespace lapidary::engine
