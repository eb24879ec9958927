#include "gemma4/vision/vision_layer.h"

#include "checkpoint/model_config.h"
#include "gemma4/tensor_loader.h"

#include <algorithm>
#include <utility>

namespace lapidary::engine {

using kernels::Tensor;

namespace {

ClippedLinear loadLinear(TensorLoader& load, const std::string& name, bool clipped) {
    ClippedLinear linear{.weight = load.matrix(name + ".linear.weight"), .limits = std::nullopt};
    if (clipped)
        linear.limits = ClippedLinear::Limits{
            .inputMin = load.scalar(name + ".input_min"),
            .inputMax = load.scalar(name + ".input_max"),
            .outputMin = load.scalar(name + ".output_min"),
            .outputMax = load.scalar(name + ".output_max"),
        };
    return linear;
}

} // namespace

void ClippedLinear::apply(kernels::Backend& backend, const Tensor& x, const Tensor& y) const {
    if (limits)
        backend.clamp(x, limits->inputMin, limits->inputMax);
    backend.linear(weight, x, y);
    if (limits)
        backend.clamp(y, limits->outputMin, limits->outputMax);
}

VisionLayer::VisionLayer(TensorLoader& load, const std::string& name,
                         const VisionTowerConfig& config, const Tensor& frequencies)
    : inputNorm_(load.vector(name + "input_layernorm.weight"))
    , q_(loadLinear(load, name + "self_attn.q_proj", config.clippedLinears))
    , k_(loadLinear(load, name + "self_attn.k_proj", config.clippedLinears))
    , v_(loadLinear(load, name + "self_attn.v_proj", config.clippedLinears))
    , o_(loadLinear(load, name + "self_attn.o_proj", config.clippedLinears))
    , qNorm_(load.vector(name + "self_attn.q_norm.weight"))
    , kNorm_(load.vector(name + "self_attn.k_norm.weight"))
    , postAttentionNorm_(load.vector(name + "post_attention_layernorm.weight"))
    , preFeedForwardNorm_(load.vector(name + "pre_feedforward_layernorm.weight"))
    , gate_(loadLinear(load, name + "mlp.gate_proj", config.clippedLinears))
    , up_(loadLinear(load, name + "mlp.up_proj", config.clippedLinears))
    , down_(loadLinear(load, name + "mlp.down_proj", config.clippedLinears))
    , postFeedForwardNorm_(load.vector(name + "post_feedforward_layernorm.weight"))
    , frequencies_(frequencies)
    , heads_(config.heads)
    , headDim_(config.headDim)
    , epsilon_(config.epsilon) {}

void VisionLayer::apply(kernels::Backend& backend, const VisionActivations& activations) const {
    attend(backend, activations);
    feedForward(backend, activations);
}

void VisionLayer::attend(kernels::Backend& backend, const VisionActivations& a) const {
    // Each projection clamps its input to limits of its own, so it gets a fresh one.
    const std::pair<const ClippedLinear*, const Tensor*> projections[] = {
        {&q_, &a.q}, {&k_, &a.k}, {&v_, &a.v}};
    for (const auto& [projection, y] : projections) {
        if (projection == &q_ || projection->limits)
            backend.rmsNorm(a.u, inputNorm_, epsilon_, a.h);
        projection->apply(backend, a.h, *y);
    }
    const std::int64_t patches = a.u.rows();
    backend.visionAttention({
        .q = a.q.as({patches, heads_, headDim_}),
        .k = a.k.as({patches, heads_, headDim_}),
        .v = a.v.as({patches, heads_, headDim_}),
        .qNorm = qNorm_,
        .kNorm = kNorm_,
        .columns = a.columns,
        .rows = a.rows,
        .frequencies = frequencies_,
        .epsilon = epsilon_,
        .out = a.attended.as({patches, heads_, headDim_}),
    });
    o_.apply(backend, a.attended, a.h);
    backend.addNormed(
        {.residual = a.u, .x = a.h, .weight = postAttentionNorm_, .epsilon = epsilon_});
}

void VisionLayer::feedForward(kernels::Backend& backend, const VisionActivations& a) const {
    const std::int64_t patches = a.u.rows();
    const std::int64_t slab = a.gate.rows();
    // In slabs of rows, because the widened activations of 10080 patches are half a gigabyte.
    for (std::int64_t begin = 0; begin < patches; begin += slab) {
        const std::int64_t rows = std::min(slab, patches - begin);
        const Tensor u = a.u.slice(begin, rows);
        const Tensor h = a.h.slice(begin, rows);
        const Tensor gate = a.gate.slice(0, rows);
        const Tensor up = a.up.slice(0, rows);
        backend.rmsNorm(u, preFeedForwardNorm_, epsilon_, h);
        gate_.apply(backend, h, gate);
        if (up_.limits)
            backend.rmsNorm(u, preFeedForwardNorm_, epsilon_, h);
        up_.apply(backend, h, up);
        backend.geluMultiply(gate, up, gate);
        down_.apply(backend, gate, h);
        backend.addNormed(
            {.residual = u, .x = h, .weight = postFeedForwardNorm_, .epsilon = epsilon_});
    }
}

} // namespace lapidary::engine
