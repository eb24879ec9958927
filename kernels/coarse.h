#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace lapidary::kernels {

// Products in 8 bits of which it is known how far they are from the exact ones (estimate.h). Plain
// inline functions, which device code may call as well.
//
// A row w of the matrix becomes a scale and codes q of −127 … 127, w = s q + r. A row x of the
// input becomes two digits of base 128, x = t n + d with n = 128 h + l. Then
//
//   w·x = s t (q·n) + r·x + (s q)·d,    q·n = 128 (q·h) + q·l in whole numbers, which lose nothing.
//
// What is left out is bounded by |r·x| ≤ ‖r‖ ‖x‖ (Cauchy and Schwarz), but for the few columns
// where x is far larger than elsewhere by |r_c| ≤ s / 2, which is less there; and |s q·d| ≤ ‖s q‖
// ‖d‖. A sum of both parts of x takes each for its columns.
//
// Bounds are made of f32 sums, whose own rounding the factors kUp cover. They hold for the product
// as f32 computes it: kernels make of 8192 terms chains of at most 512 additions, of one term or of
// sixteen; a tensor core loses up to 2⁻²² in each of what is summed so far, and that is at most
// ‖w‖ ‖x‖, of which kRounding is as much as all of them.

inline constexpr float kLargestCode = 127;
inline constexpr float kLargestDigits = 127 * 128;

/// The widest row whose bounds are known. Sums of codes stay below 2³¹: 8192 · 127².
inline constexpr std::int64_t kWidestCoarse = 8192;

/// The largest magnitude of a row must lie between these or be zero, so that no product of scales
/// leaves the normal numbers. What does not is unbounded.
inline constexpr float kSmallestCoarse = 0x1p-40F;
inline constexpr float kLargestCoarse = 0x1p40F;

/// What is kept of a row of the matrix beside its codes.
struct alignas(16) CoarseRow {
    float scale = 0;
    float error = 0; ///< at least ‖r‖
    float norm = 0;  ///< at least ‖w‖ and ‖s q‖
    float unused = 0;
};

/// What is kept of a row of the input beside its digits.
struct alignas(16) CoarseInput {
    float scale = 0;
    float even = 0;     ///< at least the norm of x without the columns that stand out
    float outlying = 0; ///< at least the sum of the magnitudes of those that do
    float rest = 0;     ///< at least ‖d‖ and what rounding needs of ‖x‖
};

namespace coarse {

inline constexpr float kUp = 1 + 0x1p-10F;
inline constexpr float kRounding = 0x1p-13F;
inline constexpr float kNever = std::numeric_limits<float>::infinity();

/// The nearest whole number, ties to even; |x| < 2²².
[[nodiscard]] constexpr std::int32_t nearest(float x) {
    constexpr float kWhole = 0x1.8p23F;
    return std::bit_cast<std::int32_t>(x + kWhole) - std::bit_cast<std::int32_t>(kWhole);
}

[[nodiscard]] constexpr bool bounded(float largest) {
    return largest == 0 || (largest >= kSmallestCoarse && largest <= kLargestCoarse);
}

} // namespace coarse

/// The scale of a row of the matrix with this largest magnitude; 0 where there is nothing to scale.
[[nodiscard]] constexpr float codeScale(float largest) {
    return coarse::bounded(largest) ? largest / kLargestCode : 0;
}

/// A number of the matrix in units of its row's scale.
[[nodiscard]] constexpr float inUnits(float value, float scale) {
    return scale == 0 ? 0 : value / scale;
}

/// What numbers of the input times this are in units of their row's scale; 0 likewise. Steps make
/// digits anew, and multiply faster than they divide.
[[nodiscard]] constexpr float digitUnits(float largest) {
    return coarse::bounded(largest) && largest != 0 ? kLargestDigits / largest : 0;
}

/// The code of a number of the matrix.
[[nodiscard]] constexpr std::int32_t codeOf(float units) {
    // The division that made the scale may have rounded it down.
    return coarse::nearest(units > kLargestCode    ? kLargestCode
                           : units < -kLargestCode ? -kLargestCode
                                                   : units);
}

/// n = 128 high + low, of −127 … 127 and −64 … 63.
struct Digits {
    std::int32_t high = 0;
    std::int32_t low = 0;
};
[[nodiscard]] constexpr Digits digitsOf(float units) {
    const std::int32_t n = coarse::nearest(units > kLargestDigits    ? kLargestDigits
                                           : units < -kLargestDigits ? -kLargestDigits
                                                                     : units);
    const std::int32_t high = (n + 64) >> 7;
    return {high, n - 128 * high};
}

/// A number of the input stands out above this, in units: where the sum of magnitudes times s / 2
/// grows more slowly than the norm times ‖r‖, which is s √(columns / 12).
///   squares  sum of the squares of those that do not, in units
[[nodiscard]] constexpr float outlyingFrom(float squares, std::int64_t columns) {
    return std::sqrt(12 * squares / static_cast<float>(columns));
}

/// Of sums over a row in units: of (units − code)², and of units².
///   largest  magnitude of the row
[[nodiscard]] constexpr CoarseRow coarseRow(float largest, float errorSquares, float squares) {
    if (!coarse::bounded(largest) || !(squares < coarse::kNever))
        return {.error = coarse::kNever, .norm = coarse::kNever};
    const float scale = codeScale(largest);
    // A unit is a quotient: off by up to 127 · 2⁻²⁴, over 8192 columns by 2⁻¹⁰.
    const float error = scale * (std::sqrt(errorSquares) * coarse::kUp + 0x1p-10F);
    return {
        .scale = scale, .error = error, .norm = scale * std::sqrt(squares) * coarse::kUp + error};
}

/// Of sums over a row in units.
struct InputSums {
    float evenSquares = 0; ///< of the columns that do not stand out
    float outlying = 0;    ///< magnitudes of those that do
    float squares = 0;     ///< of all
    float remainders = 0;  ///< (units − n)²
};
[[nodiscard]] constexpr CoarseInput coarseInput(float largest, std::int64_t columns,
                                                const InputSums& sums) {
    if (!coarse::bounded(largest) || !(sums.squares < coarse::kNever))
        return {.even = coarse::kNever, .outlying = coarse::kNever, .rest = coarse::kNever};
    const float scale = largest / kLargestDigits;
    // A unit is off by three roundings of up to 16,256 · 2⁻²⁴, less than 2⁻⁸.
    const float remainder =
        std::sqrt(sums.remainders) * coarse::kUp + 0x1p-8F * std::sqrt(static_cast<float>(columns));
    const float norm = std::sqrt(sums.squares) * coarse::kUp;
    return {.scale = scale,
            .even = scale * std::sqrt(sums.evenSquares) * coarse::kUp,
            .outlying = scale * sums.outlying * coarse::kUp,
            .rest = scale * (remainder + coarse::kRounding * norm)};
}

/// w·x by the sums q·h and q·l.
[[nodiscard]] constexpr float estimateOf(std::int32_t high, std::int32_t low, const CoarseInput& x,
                                         const CoarseRow& w) {
    return (128 * static_cast<float>(high) + static_cast<float>(low)) * (x.scale * w.scale);
}

/// How far at most that is from w·x, as f32 may have it. Never NaN.
[[nodiscard]] constexpr float errorOf(const CoarseInput& x, const CoarseRow& w) {
    constexpr float kHalf = 0.5F * coarse::kUp;
    const float error = x.even * w.error + x.outlying * (w.scale * kHalf) + x.rest * w.norm;
    return error == error ? error : coarse::kNever;
}

} // namespace lapidary::kernels
