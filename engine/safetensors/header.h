#pragma once

#include "safetensors/tensor_view.h"

#include <kernels/error.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// The largest header that is read, as in the reference implementation.
inline constexpr std::uint64_t kLargestSafetensorsHeader = 100'000'000;

/// One tensor of a header, checked: begin + elements · size = end, inside the file.
struct SafetensorsEntry {
    std::string name;
    StoredType type = StoredType::F32;
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0; ///< in the file
    std::uint64_t end = 0;
};

struct SafetensorsHeader {
    std::vector<SafetensorsEntry> tensors;                    ///< in the order of their data
    std::map<std::string, std::string, std::less<>> metadata; ///< what "__metadata__" says
};

/// Reads and checks the header of a whole safetensors file (formats.md 3.1, 3.2). The data of its
/// tensors covers the rest of the file without a hole or an overlap.
/// `fileName` is for sentences. Corrupt, Unsupported (an element type of no known checkpoint).
[[nodiscard]] Expected<SafetensorsHeader> readSafetensorsHeader(std::span<const std::byte> file,
                                                                std::string_view fileName);

} // namespace lapidary::engine
