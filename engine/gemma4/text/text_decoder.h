#pragma once

#include "gemma4/text/decoder_layer.h"

#include <kernels/backend.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lapidary::engine {

class KvCache;
class TensorLoader;
struct ModelConfig;

/// Soft tokens that replace the embeddings of some rows of a step.
struct SoftRows {
    std::int64_t row = 0; ///< first of them in the step
    std::int64_t rows = 0;
    std::span<const std::byte> values; ///< [rows, hidden] of the backend's activation type
};

/// What a step computes. ids [rows]: soft tokens count as id 0, and `soft` holds their values.
struct StepInput {
    std::span<const std::int32_t> ids;
    std::int64_t firstPosition = 0;
    std::span<const SoftRows> soft;
    std::span<const kernels::Run> runs; ///< images whose tokens see each other; whole runs only
};

/// The Gemma 4 text model, one statement for the family (gemma4.md 2). Made once by `load`; `run`
/// computes the rows of one step, writes their K/V into the cache and leaves everything else of a
/// conversation to the caller.
class TextDecoder {
public:
    /// Reads the weights; problems are in `loader.finish()`.
    [[nodiscard]] static TextDecoder load(TensorLoader& loader, const ModelConfig& config);

    /// The residual stream of the last `wanted` rows after all layers, [wanted, hidden], in
    /// activations.x; empty for wanted 0. Rows that nobody wants skip the layers that own no K/V
    /// (gemma4.md 2.7).
    ///   cache  holds the positions before firstPosition, and this step's afterwards
    kernels::Tensor run(kernels::Backend& backend, const StepInput& input, const KvCache& cache,
                        const Activations& activations, std::int64_t wanted) const;

    /// The same in two parts, for steps that a backend may repeat (Backend::repeat): `place` hands
    /// over what changes from step to step, `runPlaced` computes all rows. No soft rows.
    void place(kernels::Backend& backend, const StepInput& input,
               const Activations& activations) const;
    kernels::Tensor runPlaced(kernels::Backend& backend, const Step& step, const KvCache& cache,
                              const Activations& activations) const;

    /// Has `estimate` read the head in 8 bits, where the backend gains by it; once, with the
    /// weights there. Returns the bytes that this takes. DoesNotFit, DeviceLost.
    [[nodiscard]] Expected<std::size_t> coarsenHead(kernels::Backend& backend);

    /// The final norm and what the head says for tokens to be drawn (Backend::estimate), in
    /// activations.logits and bounds, of activations.normed; valid until the next step.
    ///   residual  [rows, hidden], rows of what `run` returned, at most activations.logitRows
    void estimate(kernels::Backend& backend, const kernels::Tensor& residual,
                  const Activations& activations) const;

    /// What `estimate` of so many rows makes; for Backend::sample.
    [[nodiscard]] kernels::Estimate estimateOf(std::int64_t rows,
                                               const Activations& activations) const;

    /// The final norm and the head itself: [rows, vocabulary] f32, in activations.logits.
    ///   residual  [rows, hidden], rows of what `run` returned, at most activations.logitRows
    kernels::Tensor logits(kernels::Backend& backend, const kernels::Tensor& residual,
                           const Activations& activations) const;

private:
    void embed(kernels::Backend& backend, std::int64_t rows, const Activations& activations) const;
    kernels::Tensor layers(kernels::Backend& backend, Step step, const KvCache& cache,
                           const Activations& activations, std::int64_t wanted) const;

    kernels::Weight embeddings_; // [vocabulary, hidden], also the head
    kernels::CoarseHead coarse_; // of the embeddings, or empty
    float embeddingScale_ = 0;   // √hidden in the table's type
    std::optional<PerLayerEmbedding> perLayer_;
    std::vector<DecoderLayer> layers_;
    std::size_t owningLayers_ = 0; // the layers from here on only read K/V
    kernels::Tensor norm_;         // [hidden] f32
    float epsilon_ = 1e-6F;
    float logitCap_ = 0; // 0: none
};

} // namespace lapidary::engine
