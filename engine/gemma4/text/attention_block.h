#pragma once

#include "gemma4/text/step.h"

#include <kernels/backend.h>

#include <cstdint>

namespace lapidary::engine {

struct Activations;

/// Steps 2 to 4 of a decoder layer (gemma4.md 2.1) up to the output projection. Where K and V come
/// from is data: own projections; V = the raw K; or nothing, and `cache` is the donor layer's.
struct AttentionBlock {
    kernels::Weight q;     // [heads · headDim, hidden]
    kernels::Weight k;     // [kvHeads · headDim, hidden]; empty: reads the donor's cache
    kernels::Weight v;     // [kvHeads · headDim, hidden]; empty: V is the raw K, or the donor's
    kernels::Weight o;     // [hidden, heads · headDim]
    kernels::Tensor qNorm; // [headDim] f32
    kernels::Tensor kNorm; // [headDim] f32; empty: reads the donor's cache
    kernels::Tensor frequencies; // [headDim / 2] f32
    std::int64_t heads = 0;
    std::int64_t kvHeads = 0;
    std::int64_t headDim = 0;
    std::int64_t window = 0; // 0: sees everything before it
    float epsilon = 1e-6F;

    [[nodiscard]] bool ownsCache() const { return !k.empty(); }

    /// activations.branch = Wo attention(activations.normed) over the cache with the rows of this
    /// step in it.
    void apply(kernels::Backend& backend, const Step& step, const kernels::KvView& cache,
               const Activations& activations) const;
};

} // namespace lapidary::engine
