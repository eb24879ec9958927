#pragma once

#include <kernels/backend.h>

#include <cstdint>
#include <span>
#include <vector>

namespace lapidary::engine {

struct Activations;

/// What E2B and E4B mix into every layer besides the residual stream, computed once a step from the
/// input of the first layer:
///   ple[l] = (rms(Wpm[l] x0 · H^(−1/2); norm) + Eple[id][l] · √width) · 2^(−1/2)
///   gemma4.md, section 2.6.
struct PerLayerEmbedding {
    kernels::Weight table;                    // [vocabulary, layers · width], kept on the host
    std::vector<kernels::Weight> projections; // of each layer [width, hidden]
    kernels::Tensor norm;                     // [width] f32
    float tableScale = 0;                     // √width in the table's type
    float epsilon = 1e-6F;

    /// Hands over the rows of the table that `apply` takes. Soft tokens count as id 0.
    ///   ids  [rows]
    void place(kernels::Backend& backend, std::span<const std::int32_t> ids,
               const Activations& activations) const;

    /// activations.perLayer = ple of every layer, from the first `rows` rows of activations.x.
    void apply(kernels::Backend& backend, std::int64_t rows, const Activations& activations) const;
};

/// Step 6 of a decoder layer (gemma4.md 2.1):
///   x = (x + rms(b; norm)) · scale,   b = Wproj(gelu_tanh(Wgate x) ⊙ ple[l])
struct PerLayerInput {
    kernels::Weight gate;       // [width, hidden]
    kernels::Weight projection; // [hidden, width]
    kernels::Tensor norm;       // [hidden] f32

    /// activations.branch = b.
    ///   ple  [rows, width]
    void branch(kernels::Backend& backend, const kernels::Tensor& ple,
                const Activations& activations) const;
};

} // namespace lapidary::engine
