#include "image/byte_cursor.h"
#include "image/formats.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <format>

namespace lapidary::engine {
namespace {

constexpr std::string_view kFormat = "BMP";
constexpr std::size_t kFileHeader = 14;

enum Compression : std::uint32_t { Plain = 0, Rle8 = 1, Rle4 = 2, Masks = 3, MasksWithAlpha = 6 };

/// The headers, as far as pixels depend on them.
struct Header {
    std::int64_t width = 0;
    std::int64_t height = 0;
    bool topDown = false;
    int bits = 0; ///< of a pixel
    std::uint32_t compression = Plain;
    std::size_t pixels = 0;                                              ///< offset in the file
    std::array<std::uint32_t, 3> masks = {0xFF0000, 0x00FF00, 0x0000FF}; ///< red, green, blue
    std::array<Colour, 256> palette = {};

    [[nodiscard]] std::size_t stride() const { // rows are padded to 32 bits
        return (static_cast<std::size_t>(width) * static_cast<std::size_t>(bits) + 31) / 32 * 4;
    }
};

void readPalette(ByteCursor& cursor, std::size_t count, std::size_t entrySize, Header& header) {
    for (std::size_t i = 0; i < count; ++i) {
        const auto entry = cursor.take(entrySize);
        if (entry.empty())
            return;
        for (std::size_t channel = 0; channel < 3; ++channel) // stored blue first
            header.palette[i][channel] = std::to_integer<std::uint8_t>(entry[2 - channel]);
    }
}

/// BITMAPCOREHEADER: 16-bit sizes, colours of 3 bytes.
void readCoreHeader(ByteCursor& cursor, Header& header) {
    header.width = cursor.u16();
    header.height = cursor.u16();
    cursor.u16(); // planes
    header.bits = cursor.u16();
    if (header.bits <= 8)
        readPalette(cursor, std::size_t{1} << header.bits, 3, header);
}

/// BITMAPINFOHEADER and its longer successors, which begin in the same way.
void readInfoHeader(ByteCursor& cursor, std::uint32_t headerSize, Header& header) {
    header.width = cursor.i32();
    header.height = cursor.i32();
    header.topDown = header.height < 0;
    header.height = std::abs(header.height);
    cursor.u16(); // planes
    header.bits = cursor.u16();
    header.compression = cursor.u32();
    cursor.take(12); // size of the pixels, resolution
    const std::uint32_t colours = cursor.u32();
    cursor.u32(); // important colours
    std::size_t end = kFileHeader + headerSize;
    if (header.compression == Masks || header.compression == MasksWithAlpha) {
        for (std::uint32_t& mask : header.masks)
            mask = cursor.u32();
        if (headerSize == 40) // here they lie behind the header
            end += header.compression == Masks ? 12 : 16;
    } else if (header.bits == 16) {
        header.masks = {0x7C00, 0x03E0, 0x001F};
    }
    if (header.bits <= 8) {
        const std::size_t most = std::size_t{1} << header.bits;
        cursor.seek(end);
        readPalette(cursor, colours == 0 ? most : std::min<std::size_t>(colours, most), 4, header);
    }
}

bool isKnown(const Header& header) {
    switch (header.compression) {
    case Plain:
        return std::ranges::contains(std::array{1, 4, 8, 16, 24, 32}, header.bits);
    case Rle8:
        return header.bits == 8;
    case Rle4:
        return header.bits == 4;
    case Masks:
    case MasksWithAlpha:
        return header.bits == 16 || header.bits == 32;
    default:
        return false;
    }
}

Expected<Header> readHeader(std::span<const std::byte> file) {
    ByteCursor cursor(file);
    cursor.take(10); // signature, file size, reserved
    Header header;
    header.pixels = cursor.u32();
    const std::uint32_t size = cursor.u32();
    if (cursor.failed())
        return endsTooEarly(kFormat);
    if (size == 12)
        readCoreHeader(cursor, header);
    else if (size >= 40 && size <= 256)
        readInfoHeader(cursor, size, header);
    else
        return isDamaged(kFormat, std::format("header of {} bytes", size));
    if (cursor.failed() || header.pixels > file.size())
        return endsTooEarly(kFormat);
    if (!isKnown(header)) {
        return isUnsupported(kFormat, std::format("has {} bits a pixel in compression {}",
                                                  header.bits, header.compression));
    }
    return header;
}

std::size_t rowOf(const Header& header, std::size_t storedRow) {
    return header.topDown ? storedRow : static_cast<std::size_t>(header.height) - 1 - storedRow;
}

/// The part of a pixel under a mask, stretched to 8 bits.
std::uint8_t masked(std::uint32_t pixel, std::uint32_t mask) {
    if (mask == 0)
        return 0;
    const int shift = std::countr_zero(mask);
    const std::uint64_t most = mask >> shift;
    return static_cast<std::uint8_t>(std::uint64_t{(pixel & mask) >> shift} * 255 / most);
}

void unpackRow(const Header& header, std::span<const std::byte> row, std::uint8_t* rgb) {
    const auto width = static_cast<std::size_t>(header.width);
    const auto bits = static_cast<std::size_t>(header.bits);
    ByteCursor cursor(row);
    for (std::size_t x = 0; x < width; ++x, rgb += 3) {
        if (bits <= 8) {
            const std::size_t bit = x * bits; // the first pixel is in the upper bits
            const auto byte = std::to_integer<std::uint32_t>(row[bit / 8]);
            const std::size_t index = (byte >> (8 - bits - bit % 8)) & ((1U << bits) - 1);
            std::ranges::copy(header.palette[index], rgb);
            continue;
        }
        std::uint32_t pixel = bits == 32 ? cursor.u32() : cursor.u16();
        if (bits == 24)
            pixel |= std::uint32_t{cursor.u8()} << 16;
        for (std::size_t channel = 0; channel < 3; ++channel)
            rgb[channel] = masked(pixel, header.masks[channel]);
    }
}

Expected<Image> readPlain(const Header& header, std::span<const std::byte> pixels) {
    Expected<Image> image = blankImage(kFormat, header.width, header.height);
    if (!image)
        return image;
    const std::size_t stride = header.stride();
    const auto height = static_cast<std::size_t>(header.height);
    if (pixels.size() < stride * height) // no overflow: blankImage has bounded the sides
        return endsTooEarly(kFormat);
    for (std::size_t y = 0; y < height; ++y) {
        unpackRow(header, pixels.subspan(y * stride, stride),
                  image->rgb.data()
                      + rowOf(header, y) * static_cast<std::size_t>(header.width) * 3);
    }
    return image;
}

/// Writes run-length coded pixels; what lies outside the picture is dropped.
class RunPainter {
public:
    RunPainter(const Header& header, Image& image) : header_(header), image_(image) {}

    void paint(std::size_t index) {
        if (x_ < header_.width && y_ < header_.height) {
            const auto row =
                static_cast<std::int64_t>(rowOf(header_, static_cast<std::size_t>(y_)));
            std::ranges::copy(header_.palette[index],
                              image_.rgb.data() + (row * header_.width + x_) * 3);
        }
        ++x_;
    }

    void nextRow() {
        x_ = 0;
        ++y_;
    }

    void move(int right, int up) {
        x_ += right;
        y_ += up;
    }

    [[nodiscard]] bool full() const { return y_ >= header_.height; }

private:
    const Header& header_;
    Image& image_;
    std::int64_t x_ = 0;
    std::int64_t y_ = 0;
};

Expected<Image> readRuns(const Header& header, std::span<const std::byte> pixels) {
    Expected<Image> image = blankImage(kFormat, header.width, header.height, header.palette[0]);
    if (!image)
        return image;
    RunPainter painter(header, *image);
    ByteCursor cursor(pixels);
    const bool halves = header.compression == Rle4; // two pixels a byte, the upper half first
    const auto indexAt = [&](std::uint32_t byte, std::size_t i) -> std::size_t {
        if (!halves)
            return byte;
        return i % 2 == 0 ? byte >> 4 : byte & 15U;
    };
    while (!painter.full() && !cursor.failed()) {
        const std::size_t count = cursor.u8();
        const std::uint8_t value = cursor.u8();
        if (count > 0) {
            for (std::size_t i = 0; i < count; ++i)
                painter.paint(indexAt(value, i));
        } else if (value == 0) {
            painter.nextRow();
        } else if (value == 1) {
            return image;
        } else if (value == 2) {
            const int right = cursor.u8();
            painter.move(right, cursor.u8());
        } else { // that many pixels one by one, padded to 16 bits
            const std::size_t bytes = halves ? (value + std::size_t{1}) / 2 : value;
            const auto literal = cursor.take(bytes + bytes % 2);
            for (std::size_t i = 0; i < value && !literal.empty(); ++i)
                painter.paint(
                    indexAt(std::to_integer<std::uint32_t>(literal[halves ? i / 2 : i]), i));
        }
    }
    if (cursor.failed())
        return endsTooEarly(kFormat);
    return image;
}

} // namespace

Expected<Image> decodeBmp(std::span<const std::byte> file) {
    const Expected<Header> header = readHeader(file);
    if (!header)
        return std::unexpected(header.error());
    const auto pixels = file.subspan(header->pixels);
    const bool runs = header->compression == Rle8 || header->compression == Rle4;
    return runs ? readRuns(*header, pixels) : readPlain(*header, pixels);
}

} // namespace lapidary::engine
