#include "image/orientation.h"

#include "image/byte_cursor.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace lapidary::engine {
namespace {

using Bytes = std::span<const std::byte>;

bool beginsWith(Bytes bytes, std::string_view prefix) {
    return bytes.size() >= prefix.size()
           && std::ranges::equal(prefix, bytes.first(prefix.size()), [](char a, std::byte b) {
                  return static_cast<std::byte>(a) == b;
              });
}

/// JPEG keeps it in a segment APP1, before the first scan.
Bytes exifOfJpeg(Bytes file) {
    ByteCursor cursor(file, std::endian::big);
    cursor.u16(); // start of image
    while (!cursor.failed() && cursor.left() > 0) {
        const std::uint16_t marker = cursor.u16();
        const std::uint16_t size = cursor.u16();
        if (marker < 0xFFC0 || marker == 0xFFDA || size < 2)
            break;
        const Bytes segment = cursor.take(size - std::size_t{2});
        if (marker == 0xFFE1 && beginsWith(segment, {"Exif\0\0", 6}))
            return segment;
    }
    return {};
}

Bytes exifOfPng(Bytes file) {
    ByteCursor cursor(file, std::endian::big);
    cursor.take(8); // signature
    while (!cursor.failed() && cursor.left() > 0) {
        const std::uint32_t size = cursor.u32();
        const Bytes type = cursor.take(4);
        const Bytes chunk = cursor.take(size);
        cursor.u32(); // checksum
        if (beginsWith(type, "eXIf"))
            return chunk;
    }
    return {};
}

Bytes exifOfWebp(Bytes file) {
    ByteCursor cursor(file);
    cursor.take(12); // RIFF, size, WEBP
    while (!cursor.failed() && cursor.left() > 0) {
        const Bytes type = cursor.take(4);
        const std::uint32_t size = cursor.u32();
        const Bytes chunk = cursor.take(size);
        if (beginsWith(type, "EXIF"))
            return chunk;
        if (size % 2 == 1)
            cursor.u8();
    }
    return {};
}

/// An EXIF block is a small TIFF file, with or without a name in front.
int orientationIn(Bytes exif) {
    if (beginsWith(exif, {"Exif\0\0", 6}))
        exif = exif.subspan(6);
    if (!beginsWith(exif, "II") && !beginsWith(exif, "MM"))
        return 1;
    ByteCursor cursor(exif, beginsWith(exif, "II") ? std::endian::little : std::endian::big);
    cursor.take(2);
    if (cursor.u16() != 42)
        return 1;
    cursor.seek(cursor.u32());
    for (int entries = cursor.u16(); entries > 0 && !cursor.failed(); --entries) {
        constexpr std::uint16_t kOrientation = 0x0112;
        constexpr std::uint16_t kShort = 3;
        const std::uint16_t tag = cursor.u16();
        const std::uint16_t type = cursor.u16();
        const std::uint32_t count = cursor.u32();
        const std::uint16_t value = cursor.u16();
        cursor.u16();
        if (tag == kOrientation)
            return type == kShort && count == 1 && value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}

} // namespace

int storedOrientation(Bytes file) {
    if (beginsWith(file, "\x89PNG"))
        return orientationIn(exifOfPng(file));
    if (beginsWith(file, "\xff\xd8"))
        return orientationIn(exifOfJpeg(file));
    if (beginsWith(file, "RIFF"))
        return orientationIn(exifOfWebp(file));
    return 1;
}

Image upright(Image image, int orientation) {
    if (orientation == 1)
        return image;
    // In the tag's order: as it is, mirrored, turned by 180°, upside down, then the same four with
    // rows and columns exchanged.
    const bool exchanged = orientation >= 5;
    const bool fromRight = orientation == 2 || orientation == 3 || orientation >= 7;
    const bool fromBottom =
        orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    Image turned{.width = exchanged ? image.height : image.width,
                 .height = exchanged ? image.width : image.height,
                 .rgb = {}};
    turned.rgb.reserve(image.rgb.size());
    for (int y = 0; y < turned.height; ++y) {
        for (int x = 0; x < turned.width; ++x) {
            const int column = exchanged ? y : x;
            const int row = exchanged ? x : y;
            const auto fromColumn =
                static_cast<std::size_t>(fromRight ? image.width - 1 - column : column);
            const auto fromRow =
                static_cast<std::size_t>(fromBottom ? image.height - 1 - row : row);
            const std::uint8_t* pixel =
                image.rgb.data()
                + (fromRow * static_cast<std::size_t>(image.width) + fromColumn) * 3;
            turned.rgb.insert(turned.rgb.end(), pixel, pixel + 3);
        }
    }
    return turned;
}

} // namespace lapidary::engine
