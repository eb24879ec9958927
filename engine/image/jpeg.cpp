#include "image/formats.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>

#include <jerror.h>
#include <jpeglib.h>

namespace lapidary::engine {
namespace {

constexpr std::string_view kFormat = "JPEG";

// A progressive picture needs about ten scans; each costs a pass over all coefficients, so a small
// file that claims thousands would keep us busy for minutes.
constexpr int kMostScans = 100;

/// libjpeg's state for one file. libjpeg reports errors by longjmp: the functions that set the jump
/// hold nothing that a destructor would have to free, everything lives here.
struct Reading {
    Reading() = default;
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() { jpeg_destroy_decompress(&jpeg); }

    jpeg_decompress_struct jpeg = {};
    jpeg_error_mgr errors = {};
    jpeg_progress_mgr progress = {};
    std::jmp_buf jump = {};
    bool ended = false; ///< libjpeg had to invent the end of the picture
    std::array<char, JMSG_LENGTH_MAX> message = {};
};

Reading& readingOf(j_common_ptr jpeg) {
    return *static_cast<Reading*>(jpeg->client_data);
}

[[noreturn]] void onError(j_common_ptr jpeg) {
    Reading& reading = readingOf(jpeg);
    jpeg->err->format_message(jpeg, reading.message.data());
    std::longjmp(reading.jump, 1); // NOLINT(cert-err52-cpp): libjpeg's way
}

/// Warnings are about what can be shown nevertheless, as every viewer does, but for a missing end.
void onMessage(j_common_ptr jpeg, int /*level*/) {
    if (jpeg->err->msg_code == JWRN_JPEG_EOF)
        readingOf(jpeg).ended = true;
}

void onProgress(j_common_ptr jpeg) {
    const auto* decompress = reinterpret_cast<j_decompress_ptr>(jpeg);
    if (decompress->input_scan_number > kMostScans)
        ERREXIT(jpeg, JERR_BAD_PROGRESSION);
}

bool open(Reading& reading, std::span<const std::byte> file) {
    jpeg_decompress_struct& jpeg = reading.jpeg;
    jpeg.err = jpeg_std_error(&reading.errors);
    reading.errors.error_exit = onError;
    reading.errors.emit_message = onMessage;
    jpeg.client_data = &reading;
    if (setjmp(reading.jump) != 0) // NOLINT(cert-err52-cpp): libjpeg's way
        return false;
    jpeg_create_decompress(&jpeg);
    reading.progress.progress_monitor = onProgress;
    jpeg.progress = &reading.progress;
    jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(file.data()), file.size());
    jpeg_read_header(&jpeg, TRUE);
    const bool inks = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
    jpeg.out_color_space = inks ? JCS_CMYK : JCS_RGB;
    return true;
}

/// Each row goes to `row`, and from there, unless it is the picture's own, through inksToRgb.
bool readPixels(Reading& reading, std::uint8_t* pixels, std::uint8_t* inks,
                void (*inksToRgb)(const std::uint8_t* inks, std::uint8_t* rgb, std::size_t width)) {
    jpeg_decompress_struct& jpeg = reading.jpeg;
    if (setjmp(reading.jump) != 0) // NOLINT(cert-err52-cpp): libjpeg's way
        return false;
    jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < jpeg.output_height) {
        std::uint8_t* rgb = pixels + std::size_t{3} * jpeg.output_width * jpeg.output_scanline;
        JSAMPROW row = inks ? inks : rgb;
        jpeg_read_scanlines(&jpeg, &row, 1);
        if (inks)
            inksToRgb(inks, rgb, jpeg.output_width);
    }
    jpeg_finish_decompress(&jpeg);
    return true;
}

/// a · b / 255, rounded.
std::uint8_t share(int a, int b) {
    const int product = a * b + 128;
    return static_cast<std::uint8_t>((product + (product >> 8)) >> 8);
}

/// Cyan, magenta, yellow and black are stored inverted, as Adobe's programs do and PIL assumes.
void inksToRgb(const std::uint8_t* inks, std::uint8_t* rgb, std::size_t width) {
    for (std::size_t x = 0; x < width; ++x, inks += 4, rgb += 3) {
        const int light = inks[3];
        for (int channel = 0; channel < 3; ++channel)
            rgb[channel] =
                static_cast<std::uint8_t>(std::max(light - share(255 - inks[channel], light), 0));
    }
}

std::unexpected<Error> failure(const Reading& reading) {
    return reading.ended ? endsTooEarly(kFormat) : isDamaged(kFormat, reading.message.data());
}

} // namespace

Expected<Image> decodeJpeg(std::span<const std::byte> file) {
    Reading reading;
    if (!open(reading, file))
        return failure(reading);
    Expected<Image> image =
        blankImage(kFormat, reading.jpeg.image_width, reading.jpeg.image_height);
    if (!image)
        return image;
    std::vector<std::uint8_t> inks;
    if (reading.jpeg.out_color_space == JCS_CMYK)
        inks.resize(static_cast<std::size_t>(image->width) * 4);
    if (!readPixels(reading, image->rgb.data(), inks.empty() ? nullptr : inks.data(), inksToRgb)
        || reading.ended)
        return failure(reading);
    return image;
}

} // namespace lapidary::engine
