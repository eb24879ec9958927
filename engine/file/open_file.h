#pragma once

#include <kernels/error.h>

#include <cstddef>
#include <filesystem>

namespace lapidary::engine {

/// A regular file opened for reading; closed when it goes.
class OpenFile {
public:
    /// NotFound, Denied, Corrupt (a folder, a pipe, a device).
    [[nodiscard]] static Expected<OpenFile> open(const std::filesystem::path& path);

    OpenFile(OpenFile&& other) noexcept;
    OpenFile& operator=(OpenFile&& other) noexcept;
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile();

    [[nodiscard]] int descriptor() const { return descriptor_; }

    /// The length now; it may change while the file is open. 0 when the system does not say.
    [[nodiscard]] std::size_t sizeBytes() const;

private:
    explicit OpenFile(int descriptor) : descriptor_(descriptor) {}

    int descriptor_ = -1;
};

/// What to say of a file that the system refused to open or read, `reason` being its errno.
[[nodiscard]] Error fileError(const std::filesystem::path& path, int reason);

} // namespace lapidary::engine
