#pragma once

#include <cstdint>
#include <vector>

namespace lapidary::engine {

/// How the heads of a layer type are rotated.
struct Rotation {
    double theta = 10000;
    double turningPart = 1; ///< of the pairs; the others keep frequency 0
    double factor = 1;      ///< divides every frequency
};

/// One frequency a pair: f_i = theta^(−2i / headDim) / factor for the turning pairs, then zeros.
/// The exponent's denominator is the whole headDim whatever the turning part.
///   gemma4.md, section 2.2.
[[nodiscard]] std::vector<float> frequencies(const Rotation& rotation, std::int64_t headDim);

} // namespace lapidary::engine
