#pragma once

#include "image.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lapidary::engine {

// One reader a format. Each takes a whole file of that format, untrusted, and yields its first
// picture as it is stored, RGB of 8 bits:
//   alpha is dropped, not blended: what lies under transparent pixels is shown, as PIL's
//   convert("RGB") does and the models' processors therefore see;
//   of 16 bits the upper 8 are kept, in grey pictures too (PIL cuts 16-bit grey at 255 instead,
//   which turns nearly every such picture white);
//   colour profiles and gamma are ignored.
// Corrupt: damaged, or it ends too early. Unsupported: an animation or a rare kind.
// DoesNotFit: more than 64 megapixels; nothing of that size is allocated before it is checked.
[[nodiscard]] Expected<Image> decodeBmp(std::span<const std::byte> file);
[[nodiscard]] Expected<Image> decodeGif(std::span<const std::byte> file);
[[nodiscard]] Expected<Image> decodeJpeg(std::span<const std::byte> file);
[[nodiscard]] Expected<Image> decodePng(std::span<const std::byte> file);
[[nodiscard]] Expected<Image> decodeWebp(std::span<const std::byte> file);

using Colour = std::array<std::uint8_t, 3>; ///< red, green, blue

/// A picture of one colour to decode into. `format` is the name that errors speak of.
[[nodiscard]] Expected<Image> blankImage(std::string_view format, std::int64_t width,
                                         std::int64_t height, Colour colour = {});

[[nodiscard]] std::unexpected<Error> endsTooEarly(std::string_view format);
[[nodiscard]] std::unexpected<Error> isDamaged(std::string_view format, std::string detail);
[[nodiscard]] std::unexpected<Error> isUnsupported(std::string_view format, std::string_view kind);

} // namespace lapidary::engine
