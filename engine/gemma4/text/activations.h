#pragma once

#include "gemma4/text/step.h"

#include <kernels/backend.h>

#include <cstddef>
#include <cstdint>

namespace lapidary::engine {

struct ModelConfig;

/// The memory that a step of the text decoder computes in, for up to `rows` rows and the logits of
/// `logitRows`. Made once, used by every step; each layer reads and writes the first rows.
struct Activations {
    std::int64_t rows = 0;
    std::int64_t logitRows = 0;
    kernels::Tensor ids;             // [rows] i32
    kernels::Tensor x;               // [rows, hidden], the residual stream
    kernels::Tensor normed;          // [rows, hidden], input of a block
    kernels::Tensor largest;         // [rows] f32, of normed
    kernels::Tensor branch;          // [rows, hidden], what a block adds
    kernels::Tensor q;               // [rows, heads · headDim] of the widest layer
    kernels::Tensor k;               // [rows, kvHeads · headDim] of the widest layer
    kernels::Tensor v;               // [rows, kvHeads · headDim] of the widest layer
    kernels::Tensor attended;        // [rows, heads · headDim] of the widest layer
    kernels::Tensor attendedLargest; // [rows, heads] f32
    kernels::Tensor mlp;             // [2 · rows, width] of the widest layer

    /// Of models with experts.
    struct Experts {
        kernels::Tensor router;  // [rows, hidden + experts]
        kernels::Tensor chosen;  // [rows, topK] i32
        kernels::Tensor weights; // [rows, topK] f32
        kernels::Tensor mlp;     // [rows · topK, 3 · width + hidden]
        kernels::Tensor sum;     // [rows, hidden]
    } experts;

    // Of models with per-layer embeddings.
    kernels::Tensor perLayer;      // [layers, rows, width]
    kernels::Tensor perLayerToken; // [layers, rows, width]
    kernels::Tensor perLayerGate;  // [rows, width]

    kernels::Tensor logits; // [logitRows, vocabulary] f32
    kernels::Tensor bounds; // [logitRows, boundsOf(vocabulary)] f32, of estimated logits
    kernels::Tensor tokens; // [logitRows] i32, drawn from the logits
    kernels::Buffer memory;

    /// DoesNotFit.
    [[nodiscard]] static Expected<Activations> allocate(kernels::Backend& backend,
                                                        const ModelConfig& config,
                                                        std::int64_t rows, std::int64_t logitRows);

    /// What layer `layer` takes for the last `count` of `stepRows` rows, [count, width].
    [[nodiscard]] kernels::Tensor perLayerOf(std::int64_t layer, std::int64_t stepRows,
                                             std::int64_t count) const {
        const std::int64_t width = perLayerGate.rowSize();
        return perLayer.as({perLayer.rows() * stepRows, width})
            .slice((layer + 1) * stepRows - count, count);
    }

    /// The same memory, with the residual stream and what the next block takes of the last `count`
    /// of `from` rows as its first.
    [[nodiscard]] Activations lastRows(std::int64_t from, std::int64_t count) const {
        Activations view = *this;
        view.x = x.slice(from - count, count);
        view.normed = normed.slice(from - count, count);
        view.largest = largest.slice(from - count, count);
        return view;
    }
};

} // namespace lapidary::engine
