#include "image/formats.h"

#include <format>

#include <webp/decode.h>

namespace lapidary::engine {
namespace {

constexpr std::string_view kFormat = "WebP";

std::unexpected<Error> failure(VP8StatusCode status) {
    if (status == VP8_STATUS_NOT_ENOUGH_DATA || status == VP8_STATUS_SUSPENDED)
        return endsTooEarly(kFormat);
    return isDamaged(kFormat, std::format("libwebp's status {}", static_cast<int>(status)));
}

} // namespace

Expected<Image> decodeWebp(std::span<const std::byte> file) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(file.data());
    WebPDecoderConfig config;
    if (WebPInitDecoderConfig(&config) == 0)
        return isDamaged(kFormat, "another version of libwebp");
    if (const auto status = WebPGetFeatures(bytes, file.size(), &config.input);
        status != VP8_STATUS_OK)
        return failure(status);
    if (config.input.has_animation != 0)
        return isUnsupported(kFormat, "is an animation");
    Expected<Image> image = blankImage(kFormat, config.input.width, config.input.height);
    if (!image)
        return image;
    config.output.colorspace = MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = image->rgb.data();
    config.output.u.RGBA.stride = image->width * 3;
    config.output.u.RGBA.size = image->rgb.size();
    if (const auto status = WebPDecode(bytes, file.size(), &config); status != VP8_STATUS_OK)
        return failure(status);
    return image;
}

} // namespace lapidary::engine
