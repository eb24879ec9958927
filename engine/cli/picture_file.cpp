#include "cli/picture_file.h"

#include "file/mapped_file.h"

#include <format>

namespace lapidary::cli {

Expected<std::shared_ptr<const engine::Image>> readPicture(const std::filesystem::path& path) {
    const auto file = engine::MappedFile::open(path);
    if (!file && file.error().kind == ErrorKind::NotFound)
        return fail(ErrorKind::NotFound,
                    std::format("There is no readable picture {}. Check its name.", path.string()),
                    file.error().detail);
    if (!file)
        return std::unexpected(file.error());
    auto image = engine::decodeImage((*file)->bytes());
    if (!image) {
        Error error = image.error();
        error.sentence = path.string() + ": " + error.sentence;
        return std::unexpected(error);
    }
    return image;
}

} // namespace lapidary::cli
