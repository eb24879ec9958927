#pragma once

#include "file/open_file.h"

#include <kernels/error.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace lapidary::engine {

/// A regular file mapped read-only. The weights of a model are used where they lie, by every
/// thread that computes, for as long as the model lives; reading them into memory first would
/// double the time to load and take the pages away from other programs.
///
/// A mapped file that is cut off makes the reading thread die of SIGBUS. A handler for exactly
/// these mappings puts zeros in the place of the lost pages instead, lets the thread go on, and
/// `checkIntact` reports it. Any thread.
class MappedFile {
public:
    /// NotFound, Denied, Corrupt (not a regular file, or empty).
    [[nodiscard]] static Expected<std::shared_ptr<const MappedFile>>
    open(const std::filesystem::path& path);

    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    /// Corrupt when the file has become shorter since it was opened.
    [[nodiscard]] Expected<void> checkIntact() const;

private:
    MappedFile(std::filesystem::path path, OpenFile file, std::span<const std::byte> mapping,
               std::size_t watch);

    std::filesystem::path path_;
    OpenFile file_;
    std::span<const std::byte> bytes_;
    std::size_t watch_;
};

} // namespace lapidary::engine
