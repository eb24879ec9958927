#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace lapidary::kernels {

/// Whether one of the e4m3 codes is NaN. A WeightSource must have none: a card's own instructions
/// take it for NaN, and what widens codes to other numbers, here and on older cards, for ±480.
[[nodiscard]] inline bool hasNan(std::span<const std::byte> codes) {
    constexpr std::uint64_t kMagnitudes = 0x7F7F7F7F7F7F7F7FU;
    constexpr std::uint64_t kOnes = 0x0101010101010101U;
    // Of eight magnitudes only NaN, 0x7F, carries into the place of its sign, and none further.
    std::uint64_t carried = 0;
    std::size_t i = 0;
    for (; i + 8 <= codes.size(); i += 8) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, codes.data() + i, 8);
        carried |= (eight & kMagnitudes) + kOnes;
    }
    for (; i < codes.size(); ++i)
        carried |= (std::to_integer<std::uint64_t>(codes[i]) & 0x7FU) + 1;
    return (carried & ~kMagnitudes) != 0;
}

} // namespace lapidary::kernels
