#include "safetensors/shard_index.h"

#include <kernels/assert.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace lapidary::engine;

/// No accepted index names a file outside its folder.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto index = readShardIndex(text, "fuzzed.safetensors.index.json");
    LAPIDARY_ASSERT(index || !index.error().sentence.empty());
    if (index)
        for (const std::string& file : index->files)
            LAPIDARY_ASSERT(!file.empty() && file.find_first_of("/\\:") == std::string::npos
                            && file.front() != '.');
    return 0;
}
