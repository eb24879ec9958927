#pragma once

#include "gemma4/vision/image_encoder.h"
#include "gemma4/vision/vision_layer.h"

#include <vector>

namespace lapidary::engine {

struct VisionTowerConfig;

/// The image encoder of E2B, E4B, 26B and 31B (gemma4.md 5.3): a transformer over the patches of
/// one image, pooled 3 × 3.
class VisionTower final : public ImageEncoder {
public:
    VisionTower(TensorLoader& load, const VisionTowerConfig& config);

    [[nodiscard]] int patchSide() const override { return patchSide_; }

private:
    kernels::Tensor features(kernels::Backend& backend, Workspace& workspace,
                             const Patches& patches) const override;

    int patchSide_ = 0;
    int pooling_ = 0;
    std::int64_t mlpWidth_ = 0;
    kernels::Weight patchProjection_; // [width, 3 · side²]
    kernels::Tensor positions_;       // [2 · entries, width] f32; columns first, then rows
    std::vector<VisionLayer> layers_;
    kernels::Tensor bias_;  // [width] f32; empty: not standardised
    kernels::Tensor scale_; // [width] f32; empty: not standardised
};

} // namespace lapidary::engine
