#include "file/mapped_file.h"

#include "file/shrink_guard.h"

#include <cerrno>
#include <format>
#include <optional>
#include <utility>

#include <sys/mman.h>

namespace lapidary::engine {

Expected<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path) {
    Expected<OpenFile> opened = OpenFile::open(path);
    if (!opened)
        return std::unexpected(opened.error());
    const std::size_t size = opened->sizeBytes();
    if (size == 0)
        return fail(ErrorKind::Corrupt,
                    std::format("{} is empty: download the file again.", path.string()));
    void* const memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, opened->descriptor(), 0);
    if (memory == MAP_FAILED)
        return std::unexpected(fileError(path, errno));
    const std::span mapping(static_cast<const std::byte*>(memory), size);
    const std::optional<std::size_t> watch = watchMapping(mapping);
    if (!watch) {
        munmap(memory, size);
        return std::unexpected(fileError(path, EMFILE));
    }
    return std::shared_ptr<const MappedFile>(
        new MappedFile(path, std::move(*opened), mapping, *watch));
}

MappedFile::MappedFile(std::filesystem::path path, OpenFile file,
                       std::span<const std::byte> mapping, std::size_t watch)
    : path_(std::move(path)), file_(std::move(file)), bytes_(mapping), watch_(watch) {}

MappedFile::~MappedFile() {
    unwatchMapping(watch_);
    munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

Expected<void> MappedFile::checkIntact() const {
    if (file_.sizeBytes() >= bytes_.size() && !hasLostPages(watch_))
        return {};
    return fail(ErrorKind::Corrupt,
                std::format("{} was cut off while it was in use: restore the file and load the "
                            "model again.",
                            path_.string()));
}

} // namespace lapidary::engine
