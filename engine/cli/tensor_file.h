#pragma once

#include <kernels/error.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace lapidary::cli {

/// Writes a safetensors file (formats.md 3.1) front to back. `create` it with all tensors, `append`
/// their values in that order, `close`. Until then the file has another name, so that nobody meets
/// half of one; it is removed when it is not closed.
class TensorFile {
public:
    struct Tensor {
        std::string name;
        std::string type; ///< "F32"
        std::vector<std::int64_t> shape;
        std::size_t elementBytes = 4;
    };
    using Metadata = std::map<std::string, std::string>; ///< of "__metadata__"

    /// Denied, NotFound (no such folder).
    [[nodiscard]] static Expected<TensorFile> create(const std::filesystem::path& path,
                                                     std::span<const Tensor> tensors,
                                                     const Metadata& metadata = {});
    TensorFile(TensorFile&& other) noexcept;
    TensorFile& operator=(TensorFile&&) = delete;
    TensorFile(const TensorFile&) = delete;
    TensorFile& operator=(const TensorFile&) = delete;
    ~TensorFile();

    void append(std::span<const std::byte> values);

    /// False once something could not be written; `close` says so.
    [[nodiscard]] bool good() const { return file_.good(); }

    /// NoSpace.
    [[nodiscard]] Expected<void> close();

private:
    TensorFile() = default;

    std::filesystem::path path_;
    std::filesystem::path unfinished_; // empty once it is closed
    std::ofstream file_;
};

} // namespace lapidary::cli
