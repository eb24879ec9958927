#include "safetensors/header.h"

#include "json/parse.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <expected>
#include <format>
#include <limits>
#include <utility>

namespace lapidary::engine {

namespace {

/// What is wrong with one entry.
struct Fault {
    ErrorKind kind = ErrorKind::Corrupt;
    std::string what;
};

template <class T>
using Checked = std::expected<T, Fault>;

std::unexpected<Fault> fault(std::string what) {
    return std::unexpected(Fault{.what = std::move(what)});
}

Checked<std::uint64_t> readCount(const Json& value, std::string_view what) {
    // JSON writes 1.0 and 1e3 as numbers too; only plain digits reach number_unsigned.
    if (!value.is_number_unsigned())
        return fault(std::format("{} that is not a whole number", what));
    return value.get<std::uint64_t>();
}

/// Bytes of a tensor; none when the product does not fit 63 bits.
std::optional<std::uint64_t> byteCount(std::span<const std::int64_t> shape, StoredType type) {
    std::uint64_t bytes = sizeOf(type);
    for (const std::int64_t dimension : shape)
        if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(dimension), &bytes))
            return std::nullopt;
    if (bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return std::nullopt;
    return bytes;
}

Checked<std::vector<std::int64_t>> readShape(const Json& value) {
    if (!value.is_array())
        return fault("a shape that is not a list");
    std::vector<std::int64_t> shape;
    for (const Json& entry : value) {
        const Checked<std::uint64_t> dimension = readCount(entry, "a shape with a dimension");
        if (!dimension)
            return std::unexpected(dimension.error());
        if (*dimension > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            return fault("a shape with a dimension that is too large");
        shape.push_back(static_cast<std::int64_t>(*dimension));
    }
    return shape;
}

/// Offsets stay relative to the end of the header.
Checked<SafetensorsEntry> readEntry(const std::string& name, const Json& value) {
    if (!value.is_object() || value.size() != 3 || !value.contains("dtype")
        || !value.contains("shape") || !value.contains("data_offsets"))
        return fault("an entry that is not exactly dtype, shape and data_offsets");
    SafetensorsEntry entry;
    entry.name = name;

    const Json& dtype = value["dtype"];
    if (!dtype.is_string())
        return fault("a dtype that is not a string");
    const std::optional<StoredType> type = storedTypeNamed(dtype.get<std::string>());
    if (!type)
        return std::unexpected(Fault{ErrorKind::Unsupported,
                                     std::format("the element type {}", dtype.get<std::string>())});
    entry.type = *type;

    Checked<std::vector<std::int64_t>> shape = readShape(value["shape"]);
    if (!shape)
        return std::unexpected(shape.error());
    entry.shape = std::move(*shape);

    const Json& offsets = value["data_offsets"];
    if (!offsets.is_array() || offsets.size() != 2)
        return fault("data_offsets that are not two numbers");
    const Checked<std::uint64_t> begin = readCount(offsets[0], "an offset");
    const Checked<std::uint64_t> end = readCount(offsets[1], "an offset");
    if (!begin || !end)
        return std::unexpected(!begin ? begin.error() : end.error());
    if (*begin > *end)
        return fault("data that ends before it begins");
    entry.begin = *begin;
    entry.end = *end;

    const std::optional<std::uint64_t> bytes = byteCount(entry.shape, entry.type);
    if (!bytes)
        return fault("a shape whose size overflows");
    if (*bytes != entry.end - entry.begin)
        return fault(std::format("{} bytes of data where its shape needs {}",
                                 entry.end - entry.begin, *bytes));
    return entry;
}

Checked<std::map<std::string, std::string, std::less<>>> readMetadata(const Json& value) {
    if (!value.is_object())
        return fault("a value that is not an object");
    std::map<std::string, std::string, std::less<>> metadata;
    for (const auto& [key, entry] : value.items()) {
        if (!entry.is_string())
            return fault("a value that is not a string");
        metadata.emplace(key, entry.get<std::string>());
    }
    return metadata;
}

} // namespace

Expected<SafetensorsHeader> readSafetensorsHeader(std::span<const std::byte> file,
                                                  std::string_view fileName) {
    const auto corrupt = [&](std::string_view what) {
        return fail(ErrorKind::Corrupt,
                    std::format("{} {}: download the file again.", fileName, what));
    };
    std::uint64_t length = 0;
    if (file.size() < sizeof length)
        return corrupt("is too short to be a safetensors file");
    std::memcpy(&length, file.data(), sizeof length);
    if (length > kLargestSafetensorsHeader)
        return corrupt("is not a safetensors file, or has a header above 100 MB");
    if (length > file.size() - sizeof length)
        return corrupt("ends within its header");
    const std::string_view text(reinterpret_cast<const char*>(file.data()) + sizeof length, length);
    if (!text.starts_with('{'))
        return corrupt("is not a safetensors file");

    // Header, tensor, shape: three levels. A tensor is about eight values, and no model of the
    // family has more than 40,000 tensors.
    Expected<Json> header = parseJson(text, fileName, {.depth = 3, .values = 1U << 20U});
    if (!header)
        return std::unexpected(header.error());

    SafetensorsHeader result;
    std::vector<SafetensorsEntry>& entries = result.tensors;
    for (const auto& [name, value] : header->items()) {
        if (name == "__metadata__") {
            auto metadata = readMetadata(value);
            if (!metadata)
                return corrupt(std::format("has in __metadata__ {}", metadata.error().what));
            result.metadata = std::move(*metadata);
            continue;
        }
        Checked<SafetensorsEntry> entry = readEntry(name, value);
        if (!entry && entry.error().kind == ErrorKind::Unsupported)
            return fail(ErrorKind::Unsupported,
                        std::format("The tensor {} in {} has {}, which Lapidary does not read: "
                                    "choose a checkpoint in another format.",
                                    name, fileName, entry.error().what));
        if (!entry)
            return corrupt(
                std::format("describes the tensor {} with {}", name, entry.error().what));
        entries.push_back(std::move(*entry));
    }

    // Tensors of no bytes share an offset with their neighbour and come before it.
    std::ranges::sort(entries, {}, [](const SafetensorsEntry& entry) {
        return std::pair(entry.begin, entry.end);
    });
    const std::uint64_t dataBegin = sizeof length + length;
    std::uint64_t next = 0;
    for (SafetensorsEntry& entry : entries) {
        if (entry.begin != next)
            return corrupt(std::format("has {} before the tensor {}",
                                       entry.begin > next ? "a hole" : "overlapping data",
                                       entry.name));
        next = entry.end;
    }
    if (next > file.size() - dataBegin)
        return corrupt(std::format("is cut off: its tensors take {} bytes and {} are there", next,
                                   file.size() - dataBegin));
    if (next < file.size() - dataBegin)
        return corrupt("has bytes after the last tensor");
    for (SafetensorsEntry& entry : entries) {
        entry.begin += dataBegin;
        entry.end += dataBegin;
    }
    return result;
}

} // namespace lapidary::engine
