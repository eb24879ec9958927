#pragma once

#include <kernels/error.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace lapidary::engine {

/// A decoded picture, upright, without alpha.
struct Image {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> rgb; ///< [height, width, 3]
};

/// Decodes PNG, JPEG, WebP, BMP and GIF (first frame), obeys the EXIF orientation, drops alpha.
/// Corrupt, Unsupported (another format), DoesNotFit (above 64 megapixels).
[[nodiscard]] Expected<std::shared_ptr<const Image>> decodeImage(std::span<const std::byte> file);

/// The detail levels that the models were trained with: soft tokens an image may cost at most.
inline constexpr int kImageBudgets[] = {70, 140, 280, 560, 1120};

/// Soft tokens that an image of this size costs at a budget, begin and end tokens not counted
/// (gemma4.md 5.1).
[[nodiscard]] int imageTokens(int width, int height, int budget);

} // namespace lapidary::engine
