#pragma once

#include <cstddef>
#include <cstdint>

namespace lapidary::kernels {

/// How the next token is drawn. Order: penalty, temperature, top-k, top-p, min-p, draw.
struct Sampling {
    float temperature = 1.0F;       ///< 0: the largest logit, ties to the lower id
    int topK = 64;                  ///< 0: all
    float topP = 0.95F;             ///< 1: all
    float minP = 0.0F;              ///< 0: all; keeps p ≥ minP · max p
    float repetitionPenalty = 1.0F; ///< 1: none; divides positive, multiplies negative logits
    std::uint64_t seed = 0;

    bool operator==(const Sampling&) const = default;
};

/// Memory in which a card finds whom to draw from: of each row two numbers for 32 tokens and two
/// more.
[[nodiscard]] constexpr std::size_t candidateBytes(std::int64_t rows, std::int64_t vocabulary) {
    return static_cast<std::size_t>(rows * (2 * ((vocabulary + 31) / 32) + 2)) * 4;
}

/// That, and the longest list of tokens that count for a penalty.
[[nodiscard]] constexpr std::size_t drawingBytes(std::int64_t rows, std::int64_t vocabulary) {
    return candidateBytes(rows, vocabulary) + static_cast<std::size_t>(vocabulary) * 4;
}

} // namespace lapidary::kernels
