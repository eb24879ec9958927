#pragma once

#include "image.h"

#include <vector>

namespace lapidary::engine {

/// Pixels along a side of what the vision tower calls a patch, and of the block that costs one soft
/// token: 3 × 3 patches.
inline constexpr int kPatchSide = 16;
inline constexpr int kBlockSide = 48;

/// The size an image is resized to; both sides are multiples of kBlockSide.
struct FittedSize {
    int width = 0;
    int height = 0;

    [[nodiscard]] int softTokens() const { return (width / kBlockSide) * (height / kBlockSide); }
    bool operator==(const FittedSize&) const = default;
};

/// The size that fills a budget of soft tokens and keeps the aspect ratio as far as whole blocks
/// allow. Small images are enlarged. width, height ≥ 1; budget ≥ 1.
///   gemma4.md, section 5.1, in doubles and in the order given there.
[[nodiscard]] FittedSize fitToBudget(int width, int height, int budget);

/// A resized picture cut into squares: what both image embedders begin with.
struct Patches {
    int columns = 0; ///< squares in a row of the grid
    int rows = 0;
    int side = 0;              ///< pixels along a square's side
    std::vector<float> pixels; ///< [rows · columns, side · side · 3] in [0, 1]

    [[nodiscard]] int count() const { return columns * rows; }
    [[nodiscard]] int valuesPerPatch() const { return side * side * 3; }
};

/// Resizes to `budget` and cuts into squares of `side` pixels: kPatchSide for the vision tower,
/// kBlockSide for the encoder-free embedder. Squares are row-major over the grid, so square i lies
/// at column i mod columns (x) and row i div columns (y); its values are ordered row in square,
/// column in square, channel, channel fastest.
///   gemma4.md, sections 5.1, 5.2 and 5.4.
[[nodiscard]] Patches cutPatches(const Image& image, int budget, int side);

} // namespace lapidary::engine
