#pragma once

#include "image/patches.h"

#include <kernels/backend.h>
#include <kernels/error.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace lapidary::engine {

class TensorLoader;
class Workspace;
struct ModelConfig;

/// One image as the text decoder takes it, kept on the host between turns.
struct SoftTokens {
    std::int64_t tokens = 0;
    std::vector<std::byte> values; // [tokens, hidden] of the backend's activation type
};

/// Turns the squares of one resized image into soft tokens (gemma4.md 5.3, 5.4). Made with the
/// model, used by the thread that uses the backend.
class ImageEncoder {
public:
    ImageEncoder() = default;
    ImageEncoder(const ImageEncoder&) = delete;
    ImageEncoder& operator=(const ImageEncoder&) = delete;
    virtual ~ImageEncoder() = default;

    /// Pixels along a side of the squares that `encode` takes.
    [[nodiscard]] virtual int patchSide() const = 0;

    /// DoesNotFit when the device has no memory for an image of this size, Unsupported when the
    /// image is longer than the model has positions for.
    [[nodiscard]] Expected<SoftTokens> encode(kernels::Backend& backend,
                                              const Patches& patches) const;

private:
    /// The features of the image before the projection into the text model, [tokens, width]; an
    /// empty tensor when the workspace has failed.
    virtual kernels::Tensor features(kernels::Backend& backend, Workspace& workspace,
                                     const Patches& patches) const = 0;

protected:
    /// t = projection · rms(features)
    kernels::Weight projection_; // [hidden, width]
    float epsilon_ = 1e-6F;
    std::int32_t positionEntries_ = 0; // the longest side, in squares
};

/// The encoder of this model, or null for one without images. Problems are in `load.finish()`.
[[nodiscard]] std::unique_ptr<ImageEncoder> loadImageEncoder(TensorLoader& load,
                                                             const ModelConfig& config);

} // namespace lapidary::engine
