#include "cli/picture_file.h"

#include <format>
#include <fstream>
#include <iterator>
#include <string>

namespace lapidary::cli {

Expected<std::shared_ptr<const engine::Image>> readPicture(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return fail(ErrorKind::NotFound,
                    std::format("There is no readable picture {}. Check its name.", path.string()));
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    auto image = engine::decodeImage(std::as_bytes(std::span(bytes)));
    if (!image) {
        Error error = image.error();
        error.sentence = path.string() + ": " + error.sentence;
        return std::unexpected(error);
    }
    return image;
}

} // namespace lapidary::cli
