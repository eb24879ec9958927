#include "image.h"

#include "image/formats.h"
#include "image/orientation.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

namespace lapidary::engine {
namespace {

// 64 megapixels are 192 MB decoded; the largest budget keeps 2.6 megapixels of them.
constexpr std::int64_t kMostPixels = 64'000'000;

using Decoder = Expected<Image> (*)(std::span<const std::byte>);

/// A format by the bytes at `offset`; without a decoder it is only known by name.
struct Signature {
    std::string_view bytes;
    std::size_t offset;
    std::string_view name;
    Decoder decode;
};

using namespace std::string_view_literals;

constexpr std::array kSignatures = {
    Signature{.bytes = "\x89PNG\r\n\x1a\n"sv, .offset = 0, .name = "PNG", .decode = decodePng},
    Signature{.bytes = "\xff\xd8\xff"sv, .offset = 0, .name = "JPEG", .decode = decodeJpeg},
    Signature{.bytes = "WEBP"sv, .offset = 8, .name = "WebP", .decode = decodeWebp},
    Signature{.bytes = "GIF8"sv, .offset = 0, .name = "GIF", .decode = decodeGif},
    Signature{.bytes = "BM"sv, .offset = 0, .name = "BMP", .decode = decodeBmp},
    Signature{.bytes = "II*\0"sv, .offset = 0, .name = "TIFF", .decode = nullptr},
    Signature{.bytes = "MM\0*"sv, .offset = 0, .name = "TIFF", .decode = nullptr},
    Signature{.bytes = "ftypavif"sv, .offset = 4, .name = "AVIF", .decode = nullptr},
    Signature{.bytes = "ftyphei"sv, .offset = 4, .name = "HEIC", .decode = nullptr},
    Signature{.bytes = "ftypmif1"sv, .offset = 4, .name = "HEIC", .decode = nullptr},
    Signature{.bytes = "\xff\x0a"sv, .offset = 0, .name = "JPEG XL", .decode = nullptr},
    Signature{.bytes = "\0\0\0\x0cJXL "sv, .offset = 0, .name = "JPEG XL", .decode = nullptr},
    Signature{.bytes = "\0\0\0\x0cjP  "sv, .offset = 0, .name = "JPEG 2000", .decode = nullptr},
    Signature{.bytes = "\0\0\1\0"sv, .offset = 0, .name = "icon", .decode = nullptr},
    Signature{.bytes = "8BPS"sv, .offset = 0, .name = "Photoshop", .decode = nullptr},
    Signature{.bytes = "%PDF"sv, .offset = 0, .name = "PDF", .decode = nullptr},
    Signature{.bytes = "<svg"sv, .offset = 0, .name = "SVG", .decode = nullptr},
};

const Signature* recognise(std::span<const std::byte> file) {
    const auto* found = std::ranges::find_if(kSignatures, [&](const Signature& signature) {
        if (file.size() < signature.offset + signature.bytes.size())
            return false;
        return std::ranges::equal(
            signature.bytes, file.subspan(signature.offset, signature.bytes.size()),
            [](char a, std::byte b) { return static_cast<std::byte>(a) == b; });
    });
    return found == kSignatures.end() ? nullptr : found;
}

} // namespace

Expected<std::shared_ptr<const Image>> decodeImage(std::span<const std::byte> file) {
    if (file.empty())
        return fail(ErrorKind::Corrupt, "The picture's file is empty. Choose another one.");
    const Signature* format = recognise(file);
    if (format == nullptr) {
        return fail(ErrorKind::Unsupported, "This file is not a picture that can be read. Save the "
                                            "picture as PNG, JPEG, WebP, BMP or GIF.");
    }
    if (format->decode == nullptr) {
        return fail(ErrorKind::Unsupported,
                    std::format("{} files cannot be read as pictures. Save the picture as PNG or "
                                "JPEG and attach that.",
                                format->name));
    }
    Expected<Image> image = format->decode(file);
    if (!image)
        return std::unexpected(std::move(image.error()));
    return std::make_shared<const Image>(upright(*std::move(image), storedOrientation(file)));
}

Expected<Image> blankImage(std::string_view format, std::int64_t width, std::int64_t height,
                           Colour colour) {
    if (width < 1 || height < 1)
        return isDamaged(format, std::format("size {} x {}", width, height));
    if (width > kMostPixels || height > kMostPixels || width * height > kMostPixels) {
        return fail(ErrorKind::DoesNotFit,
                    std::format("The picture has {} × {} pixels, more than the 64 megapixels that "
                                "can be read. Make it smaller and attach that.",
                                width, height));
    }
    Image image{.width = static_cast<int>(width), .height = static_cast<int>(height), .rgb = {}};
    image.rgb.resize(static_cast<std::size_t>(width * height * 3));
    if (colour != Colour{}) {
        for (std::size_t i = 0; i < image.rgb.size(); ++i)
            image.rgb[i] = i < colour.size() ? colour[i] : image.rgb[i - colour.size()];
    }
    return image;
}

std::unexpected<Error> endsTooEarly(std::string_view format) {
    return fail(ErrorKind::Corrupt, std::format("The {} file ends before its picture does. Get it "
                                                "again from where it came from.",
                                                format));
}

std::unexpected<Error> isDamaged(std::string_view format, std::string detail) {
    return fail(ErrorKind::Corrupt,
                std::format("The {} file is damaged. Get it again, or open it in another program "
                            "and save it anew.",
                            format),
                std::move(detail));
}

std::unexpected<Error> isUnsupported(std::string_view format, std::string_view kind) {
    return fail(ErrorKind::Unsupported,
                std::format("This {} file {}, which cannot be read. Save the picture as PNG and "
                            "attach that.",
                            format, kind));
}

} // namespace lapidary::engine
