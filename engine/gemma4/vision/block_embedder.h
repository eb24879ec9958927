#pragma once

#include "gemma4/vision/image_encoder.h"

namespace lapidary::engine {

struct ImageEmbedderConfig;

/// The encoder-free images of 12B: each block of 48 × 48 pixels is projected straight to one soft
/// token (gemma4.md 5.4).
class BlockEmbedder final : public ImageEncoder {
public:
    BlockEmbedder(TensorLoader& load, const ImageEmbedderConfig& config);

    [[nodiscard]] int patchSide() const override { return blockSide_; }

private:
    kernels::Tensor features(kernels::Backend& backend, Workspace& workspace,
                             const Patches& patches) const override;

    struct LayerNorm {
        kernels::Tensor weight; // [width] f32
        kernels::Tensor bias;   // [width] f32
        float epsilon = 1e-5F;
        void apply(kernels::Backend& backend, const kernels::Tensor& x) const;
    };

    int blockSide_ = 0;
    LayerNorm pixelNorm_;       // patch_ln1, over the pixels of a block
    kernels::Weight dense_;     // [width, pixels]
    kernels::Tensor denseBias_; // [width] f32
    LayerNorm denseNorm_;       // patch_ln2
    kernels::Tensor positions_; // [2 · entries, width] f32; 2 i for column i, 2 i + 1 for row i
    LayerNorm positionNorm_;    // pos_norm
};

} // namespace lapidary::engine
