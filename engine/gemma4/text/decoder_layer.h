#pragma once

#include "gemma4/text/attention_block.h"
#include "gemma4/text/feed_forward.h"
#include "gemma4/text/per_layer_embedding.h"

#include <memory>
#include <optional>

namespace lapidary::engine {

/// One layer of the text decoder (gemma4.md 2.1, steps 1 to 7). The norm of step 1 is computed with
/// the sum that ends the layer before.
struct DecoderLayer {
    kernels::Tensor inputNorm; // [hidden] f32, applied by whoever comes before
    AttentionBlock attention;
    kernels::Tensor postAttentionNorm; // [hidden] f32
    std::unique_ptr<FeedForward> feedForward;
    kernels::Tensor postFeedForwardNorm; // [hidden] f32
    std::optional<PerLayerInput> perLayerInput;
    float scalar = 1; // layer_scalar
    float epsilon = 1e-6F;

    /// activations.x becomes the residual stream after this layer, from itself and
    /// activations.normed = rms(x; inputNorm), which is left as the next layer takes it.
    ///   cache     of this layer, or of its donor
    ///   ple       [rows, width]; empty for models without per-layer embeddings
    ///   nextNorm  the inputNorm of the next layer; empty for the last
    void apply(kernels::Backend& backend, const Step& step, const kernels::KvView& cache,
               const kernels::Tensor& ple, const kernels::Tensor& nextNorm,
               const Activations& activations) const;
};

} // namespace lapidary::engine
