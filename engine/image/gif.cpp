#include "image/formats.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include <gif_lib.h>

namespace lapidary::engine {
namespace {

constexpr std::string_view kFormat = "GIF";

struct Source {
    std::span<const std::byte> rest;
    bool ended = false; ///< more was asked for than the file holds
};

int copyBytes(GifFileType* gif, GifByteType* to, int count) {
    auto* source = static_cast<Source*>(gif->UserData);
    const auto size = static_cast<std::size_t>(count);
    if (size > source->rest.size()) {
        source->ended = true;
        return 0;
    }
    std::memcpy(to, source->rest.data(), size);
    source->rest = source->rest.subspan(size);
    return count;
}

struct Close {
    void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using Gif = std::unique_ptr<GifFileType, Close>;

/// Reads up to the first frame's pixels. `background` becomes the colour of what the frame leaves
/// uncovered: the transparent one if there is any, else the first.
bool findFirstFrame(GifFileType* gif, int& background) {
    for (GifRecordType record = UNDEFINED_RECORD_TYPE;
         DGifGetRecordType(gif, &record) == GIF_OK && record != TERMINATE_RECORD_TYPE;) {
        if (record == IMAGE_DESC_RECORD_TYPE)
            return DGifGetImageDesc(gif) == GIF_OK;
        int code = 0;
        GifByteType* block = nullptr;
        if (DGifGetExtension(gif, &code, &block) != GIF_OK)
            return false;
        while (block != nullptr) {
            GraphicsControlBlock control = {};
            if (code == GRAPHICS_EXT_FUNC_CODE
                && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
                background = std::max(control.TransparentColor, 0);
            if (DGifGetExtensionNext(gif, &block) != GIF_OK)
                return false;
        }
    }
    return false;
}

/// The rows of a frame in the order in which they are stored.
std::vector<int> rowOrder(int height, bool interlaced) {
    std::vector<int> order;
    order.reserve(static_cast<std::size_t>(height));
    struct Pass {
        int first, step;
    };
    constexpr std::array kInterlaced = {Pass{.first = 0, .step = 8}, Pass{.first = 4, .step = 8},
                                        Pass{.first = 2, .step = 4}, Pass{.first = 1, .step = 2}};
    constexpr std::array kPlain = {Pass{.first = 0, .step = 1}};
    for (const Pass pass : interlaced ? std::span<const Pass>(kInterlaced) : kPlain) {
        for (int row = pass.first; row < height; row += pass.step)
            order.push_back(row);
    }
    return order;
}

/// The colours of all 256 indices; grey where the file brings none.
std::array<Colour, 256> palette(const GifFileType& gif) {
    std::array<Colour, 256> colours = {};
    const ColorMapObject* map = gif.Image.ColorMap ? gif.Image.ColorMap : gif.SColorMap;
    for (std::size_t i = 0; i < colours.size(); ++i) {
        if (map == nullptr)
            colours[i].fill(static_cast<std::uint8_t>(i));
        else if (i < static_cast<std::size_t>(map->ColorCount))
            colours[i] = {map->Colors[i].Red, map->Colors[i].Green, map->Colors[i].Blue};
    }
    return colours;
}

} // namespace

Expected<Image> decodeGif(std::span<const std::byte> file) {
    Source source{.rest = file};
    const auto failure = [&](int code) -> Expected<Image> {
        const char* message = GifErrorString(code);
        return source.ended ? endsTooEarly(kFormat)
                            : isDamaged(kFormat, message ? message : "no picture in it");
    };
    int code = D_GIF_SUCCEEDED;
    const Gif gif(DGifOpen(&source, copyBytes, &code));
    if (!gif)
        return failure(code);
    int background = 0;
    if (!findFirstFrame(gif.get(), background))
        return failure(gif->Error);
    const GifImageDesc& frame = gif->Image;
    if (frame.Width < 1 || frame.Height < 1)
        return isDamaged(kFormat, "an empty frame");
    const auto colours = palette(*gif);
    // A frame that reaches over the screen widens it, as in PIL.
    Expected<Image> image = blankImage(kFormat, std::max(gif->SWidth, frame.Left + frame.Width),
                                       std::max(gif->SHeight, frame.Top + frame.Height),
                                       colours[static_cast<std::uint8_t>(background)]);
    if (!image)
        return image;
    const auto paint = [&](std::size_t pixel, std::uint8_t index) {
        std::ranges::copy(colours[index],
                          image->rgb.begin() + static_cast<std::ptrdiff_t>(pixel * 3));
    };
    const auto width = static_cast<std::size_t>(image->width);
    std::vector<GifPixelType> line(static_cast<std::size_t>(frame.Width));
    for (const int row : rowOrder(frame.Height, frame.Interlace)) {
        if (DGifGetLine(gif.get(), line.data(), frame.Width) != GIF_OK)
            return failure(gif->Error);
        const std::size_t first = static_cast<std::size_t>(frame.Top + row) * width
                                  + static_cast<std::size_t>(frame.Left);
        for (std::size_t x = 0; x < line.size(); ++x)
            paint(first + x, line[x]);
    }
    return image;
}

} // namespace lapidary::engine
