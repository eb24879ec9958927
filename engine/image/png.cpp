#include "image/formats.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstring>

#include <png.h>

namespace lapidary::engine {
namespace {

constexpr std::string_view kFormat = "PNG";

/// libpng's state for one file. libpng reports errors by longjmp: the functions that set the jump
/// hold nothing that a destructor would have to free, everything lives here.
struct Reading {
    explicit Reading(std::span<const std::byte> file) : rest(file) {}
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() { png_destroy_read_struct(&png, &info, nullptr); }

    std::span<const std::byte> rest;
    bool ended = false; ///< more was asked for than the file holds
    std::array<char, 128> message = {};
    png_structp png = nullptr;
    png_infop info = nullptr;
};

void copyBytes(png_structp png, png_bytep to, std::size_t count) {
    auto* reading = static_cast<Reading*>(png_get_io_ptr(png));
    if (count > reading->rest.size()) {
        reading->ended = true;
        png_error(png, "end of file");
    }
    std::memcpy(to, reading->rest.data(), count);
    reading->rest = reading->rest.subspan(count);
}

[[noreturn]] void onError(png_structp png, png_const_charp message) {
    auto* reading = static_cast<Reading*>(png_get_error_ptr(png));
    std::strncpy(reading->message.data(), message, reading->message.size() - 1);
    png_longjmp(png, 1);
}

void onWarning(png_structp /*png*/, png_const_charp /*message*/) {}

bool open(Reading& reading) {
    reading.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, onError, onWarning);
    reading.info = reading.png ? png_create_info_struct(reading.png) : nullptr;
    if (reading.info == nullptr)
        return false;
    if (setjmp(png_jmpbuf(reading.png)) != 0) // NOLINT(cert-err52-cpp): libpng's way
        return false;
    png_set_read_fn(reading.png, &reading, copyBytes);
    png_set_user_limits(reading.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); // blankImage has the limit
    png_read_info(reading.png, reading.info);
    // To three channels of 8 bits, whatever is stored.
    png_set_strip_16(reading.png);
    if (png_get_color_type(reading.png, reading.info) == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(reading.png);
    else
        png_set_gray_to_rgb(reading.png);
    png_set_strip_alpha(reading.png);
    png_set_interlace_handling(reading.png);
    return true;
}

bool readPixels(Reading& reading, png_bytepp rows) {
    if (setjmp(png_jmpbuf(reading.png)) != 0) // NOLINT(cert-err52-cpp): libpng's way
        return false;
    png_read_update_info(reading.png, reading.info);
    if (png_get_rowbytes(reading.png, reading.info)
        != std::size_t{3} * png_get_image_width(reading.png, reading.info))
        png_error(reading.png, "unexpected row size");
    png_read_image(reading.png, rows);
    png_read_end(reading.png, nullptr);
    return true;
}

std::unexpected<Error> failure(const Reading& reading) {
    return reading.ended ? endsTooEarly(kFormat) : isDamaged(kFormat, reading.message.data());
}

} // namespace

Expected<Image> decodePng(std::span<const std::byte> file) {
    Reading reading(file);
    if (!open(reading))
        return failure(reading);
    Expected<Image> image = blankImage(kFormat, png_get_image_width(reading.png, reading.info),
                                       png_get_image_height(reading.png, reading.info));
    if (!image)
        return image;
    std::vector<png_bytep> rows(static_cast<std::size_t>(image->height));
    for (std::size_t y = 0; y < rows.size(); ++y)
        rows[y] = image->rgb.data() + y * static_cast<std::size_t>(image->width) * 3;
    if (!readPixels(reading, rows.data()))
        return failure(reading);
    return image;
}

} // namespace lapidary::engine
