#include "safetensors/header.h"

#include <kernels/assert.h>

#include <cstddef>
#include <cstdint>
#include <span>

using namespace lapidary::engine;

/// What is accepted covers the file from the end of the header to its last byte.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span file = std::as_bytes(std::span(data, size));
    const auto header = readSafetensorsHeader(file, "fuzzed.safetensors");
    if (!header) {
        LAPIDARY_ASSERT(!header.error().sentence.empty());
        return 0;
    }
    const auto& entries = header->tensors;
    std::uint64_t next = entries.empty() ? size : entries.front().begin;
    for (const SafetensorsEntry& entry : entries) {
        LAPIDARY_ASSERT(entry.begin == next && entry.end >= entry.begin && entry.end <= size);
        std::uint64_t bytes = sizeOf(entry.type);
        for (const std::int64_t dimension : entry.shape)
            bytes *= static_cast<std::uint64_t>(dimension);
        LAPIDARY_ASSERT(bytes == entry.end - entry.begin);
        next = entry.end;
    }
    LAPIDARY_ASSERT(next == size);
    return 0;
}
