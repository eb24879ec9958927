#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace lapidary::kernels {

// Numbers of 8 bits and the one rule by which weights and activations become them: what torchao's
// row-wise FP8 computes (formats.md 4.4), so that a matrix quantised here has the bits of one that
// was quantised there. Plain inline functions, which device code may call as well.

/// The largest e4m3 number. There are no infinities: 0x7F and 0xFF are NaN.
inline constexpr float kLargestE4m3 = 448;

/// The bits of x rounded to the nearest bf16, ties to even.
[[nodiscard]] constexpr std::uint16_t toBf16Bits(float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U;
    // Rounding must not carry a NaN into another number.
    const std::uint32_t quiet = (bits >> 16U) | 0x40U;
    return static_cast<std::uint16_t>(x != x ? quiet : rounded);
}

[[nodiscard]] constexpr float fromBf16Bits(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

/// The e4m3 number nearest to x, ties to even; beyond ±448 the largest; NaN stays NaN.
[[nodiscard]] constexpr std::uint8_t toE4m3(float x) {
    const std::uint32_t sign = (std::bit_cast<std::uint32_t>(x) >> 24U) & 0x80U;
    const auto bits = std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFFU;
    // Not std::min: device code cannot refer to a constant of the host.
    const auto all = std::bit_cast<float>(bits);
    const float clamped = all > kLargestE4m3 ? kLargestE4m3 : all;
    // From 2^−6 on: three bits of the mantissa stay, and the bias falls from 127 to 7.
    const auto word = std::bit_cast<std::uint32_t>(clamped);
    const std::uint32_t normal = ((word + 0x7FFFFU + ((word >> 20U) & 1U)) >> 20U) - (120U << 3U);
    // Below, steps of 2^−9: those of the floats from 2^14 on, to which the addition rounds.
    const std::uint32_t small =
        std::bit_cast<std::uint32_t>(clamped + 0x1p14F) - std::bit_cast<std::uint32_t>(0x1p14F);
    const std::uint32_t magnitude = clamped < 0x1p-6F ? small : normal;
    return static_cast<std::uint8_t>(sign | (bits > 0x7F800000U ? 0x7FU : magnitude));
}

[[nodiscard]] constexpr float fromE4m3(std::uint8_t code) {
    const std::uint32_t sign = (code & 0x80U) << 24U;
    const std::uint32_t word = (code & 0x7FU) << 20U;
    // Without an exponent: (1 + m/8) · 2^−6 less 2^−6.
    const float small = std::bit_cast<float>(word + (121U << 23U)) - 0x1p-6F;
    const std::uint32_t normal = (code & 0x7FU) == 0x7FU ? 0x7FC00000U : word + (120U << 23U);
    const std::uint32_t magnitude =
        (code & 0x78U) == 0 ? std::bit_cast<std::uint32_t>(small) : normal;
    return std::bit_cast<float>(sign | magnitude);
}

/// The scale of a row whose largest magnitude is `largest`, a bf16 number: largest / 448 rounded to
/// bf16, and 1 where that is zero.
[[nodiscard]] constexpr float e4m3Scale(float largest) {
    const float scale = fromBf16Bits(toBf16Bits(largest / kLargestE4m3));
    return scale == 0 ? 1.0F : scale;
}

/// Quantises one row: q = e4m3(x / scale), so that q · scale is nearly x. Returns the scale.
///   bits(i)      bf16 bits of x[i]; numbers of other types are rounded to bf16 (toBf16Bits)
///   write(i, q)  takes the e4m3 code
template <class Bits, class Write>
float quantiseRow(std::int64_t columns, const Bits& bits, const Write& write) {
    // Magnitudes are ordered as their bits are.
    std::int16_t largest = 0;
    for (std::int64_t i = 0; i < columns; ++i)
        largest = std::max(largest, static_cast<std::int16_t>(bits(i) & 0x7FFFU));
    const float scale = e4m3Scale(fromBf16Bits(static_cast<std::uint16_t>(largest)));
    for (std::int64_t i = 0; i < columns; ++i)
        write(i, toE4m3(fromBf16Bits(bits(i)) / scale));
    return scale;
}

} // namespace lapidary::kernels
