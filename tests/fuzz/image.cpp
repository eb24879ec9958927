#include "image.h"

#include <kernels/assert.h>

#include <cstddef>
#include <cstdint>
#include <span>

using namespace lapidary::engine;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto image = decodeImage(std::as_bytes(std::span(data, size)));
    LAPIDARY_ASSERT(image || !image.error().sentence.empty());
    if (!image)
        return 0;
    const Image& picture = **image;
    LAPIDARY_ASSERT(picture.width >= 1 && picture.height >= 1);
    LAPIDARY_ASSERT(picture.rgb.size()
                    == std::size_t{3} * static_cast<std::size_t>(picture.width)
                           * static_cast<std::size_t>(picture.height));
    for (const int budget : kImageBudgets)
        LAPIDARY_ASSERT(imageTokens(picture.width, picture.height, budget) <= budget);
    return 0;
}
