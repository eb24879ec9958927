#include "file/text_file.h"

#include "file/open_file.h"

#include <algorithm>
#include <cerrno>
#include <format>

#include <unistd.h>

namespace lapidary::engine {

Expected<std::string> readTextFile(const std::filesystem::path& path, std::size_t limitBytes) {
    const Expected<OpenFile> file = OpenFile::open(path);
    if (!file)
        return std::unexpected(file.error());
    // One byte more than the file has, so that one that grows meanwhile is read to its end too.
    std::string text;
    std::size_t room = std::min(file->sizeBytes(), limitBytes) + 1;
    while (true) {
        const std::size_t before = text.size();
        text.resize(before + room);
        const ssize_t got = read(file->descriptor(), text.data() + before, room);
        text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got < 0 && errno != EINTR)
            return std::unexpected(fileError(path, errno));
        if (got == 0)
            return text;
        if (text.size() > limitBytes)
            return fail(ErrorKind::Corrupt,
                        std::format("{} is longer than {} bytes: choose another file.",
                                    path.string(), limitBytes));
        room = 4096;
    }
}

} // namespace lapidary::engine
