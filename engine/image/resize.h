#pragma once

#include "image.h"

namespace lapidary::engine {

/// Resamples with the antialiased bicubic kernel (a = −0.5, widened by the shrink factor), rows
/// first, then columns, each rounded to 8 bits. An image that has the size already is returned as
/// it is. width, height ≥ 1.
///   The same integers as torch's uint8 resampling, which the models' image processors use.
[[nodiscard]] Image resize(const Image& image, int width, int height);

} // namespace lapidary::engine
