#include "file/open_file.h"

#include <cerrno>
#include <format>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lapidary::engine {

Expected<OpenFile> OpenFile::open(const std::filesystem::path& path) {
    // O_NONBLOCK: a pipe of that name must not hang us.
    OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status = {};
    if (file.descriptor_ < 0 || fstat(file.descriptor_, &status) != 0)
        return std::unexpected(fileError(path, errno));
    if (!S_ISREG(status.st_mode))
        return fail(ErrorKind::Corrupt,
                    std::format("{} is not a file: choose another one.", path.string()));
    return file;
}

OpenFile::OpenFile(OpenFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

OpenFile::~OpenFile() {
    if (descriptor_ >= 0)
        close(descriptor_);
}

std::size_t OpenFile::sizeBytes() const {
    struct stat status = {};
    return fstat(descriptor_, &status) == 0 ? static_cast<std::size_t>(status.st_size) : 0;
}

Error fileError(const std::filesystem::path& path, int reason) {
    const std::string name = path.string();
    const std::string detail = std::system_category().message(reason);
    if (reason == ENOENT || reason == ENOTDIR)
        return {ErrorKind::NotFound,
                std::format("{} is not there: download it, or choose another folder.", name),
                detail};
    if (reason == EACCES || reason == EPERM)
        return {ErrorKind::Denied, std::format("{} may not be read: change its permissions.", name),
                detail};
    return {ErrorKind::NotFound,
            std::format("{} cannot be read ({}): check the disk.", name, detail), detail};
}

} // namespace lapidary::engine
