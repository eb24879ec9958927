#pragma once

#include <array>
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
    // Eight sums that wait for none of the others: 23 GB/s on a core of a Zen 4, one alone 14.
    constexpr std::size_t kSums = 8;
    std::array<std::uint64_t, kSums> sums{};
    std::size_t i = 0;
    for (; i + 8 * kSums <= codes.size(); i += 8 * kSums)
        for (std::size_t j = 0; j < kSums; ++j) {
            std::uint64_t eight = 0;
            std::memcpy(&eight, codes.data() + i + 8 * j, 8);
            sums[j] |= (eight & kMagnitudes) + kOnes;
        }
    std::uint64_t carried = 0;
    for (const std::uint64_t sum : sums)
        carried |= sum;
    for (; i < codes.size(); ++i)
        carried |= (std::to_integer<std::uint64_t>(codes[i]) & 0x7FU) + 1;
    return (carried & ~kMagnitudes) != 0;
}

} // namespace lapidary::kernels
