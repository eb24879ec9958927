#include "safetensors/file.h"

#include "file/mapped_file.h"
#include "safetensors/header.h"

#include <utility>

namespace lapidary::engine {

Expected<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) {
    Expected<std::shared_ptr<const MappedFile>> mapped = MappedFile::open(path);
    if (!mapped)
        return std::unexpected(mapped.error());
    const std::span<const std::byte> bytes = (*mapped)->bytes();
    Expected<SafetensorsHeader> header = readSafetensorsHeader(bytes, path.filename().string());
    // A header that was cut off under our eyes reads as zeros and is no surprise.
    if (Expected<void> intact = (*mapped)->checkIntact(); !intact)
        return std::unexpected(intact.error());
    if (!header)
        return std::unexpected(header.error());

    SafetensorsFile file;
    file.file_ = *mapped;
    file.metadata_ = std::move(header->metadata);
    for (SafetensorsEntry& entry : header->tensors)
        file.tensors_.emplace(
            std::move(entry.name),
            TensorView{.type = entry.type,
                       .shape = std::move(entry.shape),
                       .bytes = bytes.subspan(entry.begin, entry.end - entry.begin),
                       .owner = *mapped});
    return file;
}

const TensorView* SafetensorsFile::find(std::string_view name) const {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? nullptr : &found->second;
}

const std::filesystem::path& SafetensorsFile::path() const {
    return file_->path();
}

std::size_t SafetensorsFile::sizeBytes() const {
    return file_->bytes().size();
}

Expected<void> SafetensorsFile::checkIntact() const {
    return file_->checkIntact();
}

} // namespace lapidary::engine
