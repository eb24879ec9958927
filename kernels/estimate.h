#pragma once

#include "tensor.h"
#include "weight.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace lapidary::kernels {

/// A head a second time, in 8 bits a number, and bounds of what that leaves out (coarse.h), in the
/// layout of the backend that made it (Backend::coarsen). Empty where there is none. Copies share
/// the memory.
struct CoarseHead {
    std::shared_ptr<const Weight::Packed> packed;
    std::size_t bytes = 0; ///< that it takes on the device

    [[nodiscard]] bool empty() const { return packed == nullptr; }
};

/// Tokens whose bounds are kept together.
inline constexpr std::int64_t kBoundedTokens = 32;

/// Columns of a coarse head, filled up with zeros, are a multiple of this.
inline constexpr std::int64_t kCoarseColumns = 256;

/// Bytes that a head of this shape takes in 8 bits, where the backend makes one.
[[nodiscard]] constexpr std::size_t coarseBytes(std::int64_t vocabulary, std::int64_t columns) {
    const std::int64_t rows = (vocabulary + kBoundedTokens - 1) / kBoundedTokens * kBoundedTokens;
    const std::int64_t filled = (columns + kCoarseColumns - 1) / kCoarseColumns * kCoarseColumns;
    return static_cast<std::size_t>(rows * (filled + 4 * 4));
}

/// An even number of kBoundedTokens that holds the vocabulary.
[[nodiscard]] constexpr std::int64_t boundedGroups(std::int64_t vocabulary) {
    return (vocabulary + 2 * kBoundedTokens - 1) / (2 * kBoundedTokens) * 2;
}

/// Numbers of a row of Estimate::bounds: what is surely reached and what may be in each group, and
/// four of the row of x.
[[nodiscard]] constexpr std::int64_t boundsOf(std::int64_t vocabulary) {
    return 2 * boundedGroups(vocabulary) + 4;
}

/// What a head says of rows of x, known well enough to draw tokens from (Backend::estimate).
struct Estimate {
    Weight w = {};          ///< [vocabulary, columns], the head
    CoarseHead coarse = {}; ///< of w, or empty
    float cap = 0;          ///< logits are cap · tanh(w x / cap); 0: w x
    Tensor x = {};          ///< [rows, columns], at most 16 rows unless coarse is empty
    Tensor logits = {};     ///< [rows, vocabulary] f32
    Tensor bounds = {};     ///< [rows, boundsOf(vocabulary)] f32, on 16 bytes
};

} // namespace lapidary::kernels
