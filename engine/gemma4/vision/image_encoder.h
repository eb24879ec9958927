#pragma once

#include "image/patches.h"

#include <kernels/backend.h>
#include <kernels/error.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lapidary::engine {

/// One image as the text decoder takes it, kept on the host between turns.
struct SoftTokens {
    std::int64_t tokens = 0;
    std::vector<std::byte> values; // [tokens, hidden] of the backend's activation type
};

/// Turns the squares of one resized image into soft tokens (gemma4.md 5.3, 5.4). Made with the
/// model; used by the thread that uses the backend.
class ImageEncoder {
public:
    ImageEncoder() = default;
    ImageEncoder(const ImageEncoder&) = delete;
    ImageEncoder& operator=(const ImageEncoder&) = delete;
    virtual ~ImageEncoder() = default;

    /// Pixels along a side of the squares that `encode` takes.
    [[nodiscard]] virtual int patchSide() const = 0;

    /// DoesNotFit when the device has no memory for an image of this size.
    [[nodiscard]] virtual Expected<SoftTokens> encode(kernels::Backend& backend,
                                                      const Patches& patches) const = 0;
};

} // namespace lapidary::engine
