#include "cli/tensor_file.h"

#include <nlohmann/json.hpp>

#include <format>
#include <system_error>
#include <utility>

namespace lapidary::cli {

Expected<TensorFile> TensorFile::create(const std::filesystem::path& path,
                                        std::span<const Tensor> tensors, const Metadata& metadata) {
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    if (!metadata.empty())
        header["__metadata__"] = metadata;
    std::int64_t end = 0;
    for (const Tensor& tensor : tensors) {
        const std::int64_t begin = end;
        std::int64_t elements = 1;
        for (const std::int64_t size : tensor.shape)
            elements *= size;
        end += elements * static_cast<std::int64_t>(tensor.elementBytes);
        header[tensor.name] = {
            {"dtype", tensor.type}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
    }
    // Padded with spaces, so that the values are aligned.
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');

    TensorFile result;
    result.path_ = path;
    std::filesystem::path unfinished = path;
    unfinished += ".unfinished";
    result.file_.open(unfinished, std::ios::binary | std::ios::trunc);
    if (!result.file_)
        return fail(ErrorKind::Denied,
                    std::format("{} cannot be written. Check that its folder exists and may be "
                                "written to.",
                                path.string()));
    result.unfinished_ = std::move(unfinished);
    const std::uint64_t length = text.size();
    result.append(std::as_bytes(std::span(&length, 1)));
    result.append(std::as_bytes(std::span(text)));
    return result;
}

TensorFile::TensorFile(TensorFile&& other) noexcept
    : path_(std::move(other.path_))
    , unfinished_(std::exchange(other.unfinished_, {}))
    , file_(std::move(other.file_)) {}

TensorFile::~TensorFile() {
    if (unfinished_.empty())
        return;
    file_.close();
    std::error_code ignored; // there is nothing left to do about it
    std::filesystem::remove(unfinished_, ignored);
}

void TensorFile::append(std::span<const std::byte> values) {
    file_.write(reinterpret_cast<const char*>(values.data()),
                static_cast<std::streamsize>(values.size()));
}

Expected<void> TensorFile::close() {
    file_.close();
    std::error_code renamed;
    if (file_)
        std::filesystem::rename(unfinished_, path_, renamed);
    if (!file_ || renamed)
        return fail(ErrorKind::NoSpace,
                    std::format("{} could not be written to its end. Free some disk space.",
                                path_.string()));
    unfinished_.clear();
    return {};
}

} // namespace lapidary::cli
