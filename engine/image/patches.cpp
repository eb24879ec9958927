#include "image/patches.h"

#include "image/resize.h"

#include <kernels/assert.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace lapidary::engine {

FittedSize fitToBudget(int width, int height, int budget) {
    LAPIDARY_ASSERT(width >= 1 && height >= 1 && budget >= 1);
    constexpr double kBlock = kBlockSide;
    // 9 patches of 16 × 16 pixels a soft token.
    const double targetPixels = 9.0 * budget * kPatchSide * kPatchSide;
    const double w = width;
    const double h = height;
    const double factor = std::sqrt(targetPixels / (h * w));
    double fittedHeight = std::floor(factor * h / kBlock) * kBlock;
    double fittedWidth = std::floor(factor * w / kBlock) * kBlock;
    // Both can only be 0 below one block, and a budget is at least one.
    if (fittedHeight == 0) {
        fittedHeight = kBlock;
        fittedWidth = std::min(std::floor(w / h) * kBlock, kBlock * budget);
    } else if (fittedWidth == 0) {
        fittedWidth = kBlock;
        fittedHeight = std::min(std::floor(h / w) * kBlock, kBlock * budget);
    }
    return {.width = static_cast<int>(fittedWidth), .height = static_cast<int>(fittedHeight)};
}

int imageTokens(int width, int height, int budget) {
    return fitToBudget(width, height, budget).softTokens();
}

Patches cutPatches(const Image& image, int budget, int side) {
    LAPIDARY_ASSERT(side == kPatchSide || side == kBlockSide);
    const FittedSize size = fitToBudget(image.width, image.height, budget);
    const Image fitted = resize(image, size.width, size.height);
    Patches patches{
        .columns = size.width / side, .rows = size.height / side, .side = side, .pixels = {}};
    patches.pixels.reserve(fitted.rgb.size());
    constexpr auto kScale = static_cast<float>(1.0 / 255.0);
    const auto rowBytes = static_cast<std::size_t>(size.width) * 3;
    const auto squareBytes = static_cast<std::size_t>(side) * 3;
    for (int row = 0; row < patches.rows; ++row) {
        for (int column = 0; column < patches.columns; ++column) {
            for (int y = row * side; y < (row + 1) * side; ++y) {
                const auto begin =
                    fitted.rgb.begin()
                    + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(y) * rowBytes
                                                  + static_cast<std::size_t>(column) * squareBytes);
                std::transform(begin, begin + static_cast<std::ptrdiff_t>(squareBytes),
                               std::back_inserter(patches.pixels), [](std::uint8_t value) {
                                   return static_cast<float>(value) * kScale;
                               });
            }
        }
    }
    return patches;
}

} // namespace lapidary::engine
