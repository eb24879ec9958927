#pragma once

#include <kernels/backend.h>

#include <cstdint>
#include <optional>
#include <string>

namespace lapidary::engine {

class TensorLoader;
class Workspace;
struct VisionTowerConfig;

/// y = clamp(W clamp(x)) where the checkpoint has limits (E-series), y = W x elsewhere.
struct ClippedLinear {
    struct Limits {
        float inputMin = 0;
        float inputMax = 0;
        float outputMin = 0;
        float outputMax = 0;
    };
    kernels::Weight weight; // [out, in]
    std::optional<Limits> limits;

    ///   x  [rows, in]; clamped in place.  y  [rows, out]
    void apply(kernels::Backend& backend, const kernels::Tensor& x, const kernels::Tensor& y) const;
};

/// What the layers of the tower compute in, for one image.
struct VisionActivations {
    kernels::Tensor u;        // [patches, width], the residual stream
    kernels::Tensor h;        // [patches, width]
    kernels::Tensor q, k, v;  // [patches, width]
    kernels::Tensor attended; // [patches, width]
    kernels::Tensor gate, up; // [slab, mlpWidth]
    kernels::Tensor columns;  // [patches] i32
    kernels::Tensor rows;     // [patches] i32
};

/// One layer of the vision tower (gemma4.md 5.3).
class VisionLayer {
public:
    VisionLayer(TensorLoader& load, const std::string& name, const VisionTowerConfig& config,
                const kernels::Tensor& frequencies);

    /// activations.u becomes the residual stream after this layer.
    void apply(kernels::Backend& backend, const VisionActivations& activations) const;

private:
    void attend(kernels::Backend& backend, const VisionActivations& activations) const;
    void feedForward(kernels::Backend& backend, const VisionActivations& activations) const;

    kernels::Tensor inputNorm_;           // [width] f32
    ClippedLinear q_, k_, v_, o_;         // [width, width]
    kernels::Tensor qNorm_, kNorm_;       // [headDim] f32
    kernels::Tensor postAttentionNorm_;   // [width] f32
    kernels::Tensor preFeedForwardNorm_;  // [width] f32
    ClippedLinear gate_, up_;             // [mlpWidth, width]
    ClippedLinear down_;                  // [width, mlpWidth]
    kernels::Tensor postFeedForwardNorm_; // [width] f32
    kernels::Tensor frequencies_;         // [headDim / 4] f32
    std::int64_t heads_ = 0;
    std::int64_t headDim_ = 0;
    float epsilon_ = 1e-6F;
};

} // namespace lapidary::engine
