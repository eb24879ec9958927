#pragma once

#include "image.h"

#include <cstddef>
#include <span>

namespace lapidary::engine {

/// The orientation, 1 … 8, that a picture's file asks for in its EXIF block, wherever its format
/// keeps one (JPEG, PNG, WebP); 1, upright, when there is none or it cannot be read.
///   EXIF 2.32, tag 0x0112.
[[nodiscard]] int storedOrientation(std::span<const std::byte> file);

/// Turns and mirrors a picture as its orientation says.
[[nodiscard]] Image upright(Image image, int orientation);

} // namespace lapidary::engine
