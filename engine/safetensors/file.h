#pragma once

#include "safetensors/tensor_view.h"

#include <kernels/error.h>

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace lapidary::engine {

class MappedFile;

/// One safetensors file, mapped, its header checked. Values are only read by those who look at the
/// bytes of a view; views keep the mapping alive. Any thread.
class SafetensorsFile {
public:
    /// NotFound, Denied, Corrupt, Unsupported.
    [[nodiscard]] static Expected<SafetensorsFile> open(const std::filesystem::path& path);

    /// All tensors by name.
    [[nodiscard]] const std::map<std::string, TensorView, std::less<>>& tensors() const {
        return tensors_;
    }

    /// What "__metadata__" says, by key.
    [[nodiscard]] const std::map<std::string, std::string, std::less<>>& metadata() const {
        return metadata_;
    }

    /// The tensor of a name; null when the file has none.
    [[nodiscard]] const TensorView* find(std::string_view name) const;

    [[nodiscard]] const std::filesystem::path& path() const;
    [[nodiscard]] std::size_t sizeBytes() const;

    /// Corrupt when the file has become shorter since it was opened.
    [[nodiscard]] Expected<void> checkIntact() const;

private:
    std::shared_ptr<const MappedFile> file_;
    std::map<std::string, TensorView, std::less<>> tensors_;
    std::map<std::string, std::string, std::less<>> metadata_;
};

} // namespace lapidary::engine
