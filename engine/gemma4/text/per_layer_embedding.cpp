#include "gemma4/text/per_layer_embedding.h"

#include "gemma4/text/activations.h"

#include <cstddef>
#include <numbers>

namespace lapidary::engine {

using kernels::Tensor;

void PerLayerEmbedding::place(kernels::Backend& backend, std::span<const std::int32_t> ids,
                              const Activations& activations) const {
    const auto rows = static_cast<std::int64_t>(ids.size());
    const auto layers = static_cast<std::int64_t>(projections.size());
    backend.gather(table, ids, tableScale,
                   activations.perLayerToken.as({layers, rows, table.columns() / layers}));
}

void PerLayerEmbedding::apply(kernels::Backend& backend, std::int64_t rows,
                              const Activations& activations) const {
    const auto layers = static_cast<std::int64_t>(projections.size());
    const std::int64_t width = table.columns() / layers;
    const Tensor x0 = activations.x.slice(0, rows); // [rows, hidden]
    // Layer by layer, so that what one layer reads is contiguous.
    const Tensor context = activations.perLayer.as({layers * rows, width});
    const Tensor token = activations.perLayerToken.as({layers * rows, width});
    for (std::int64_t l = 0; l < layers; ++l)
        backend.linear(projections[static_cast<std::size_t>(l)], x0, context.slice(l * rows, rows));
    // rms(u · H^(−1/2)) with epsilon is rms(u) with epsilon · H.
    backend.rmsNorm(context, norm, epsilon * static_cast<float>(x0.rowSize()), context);
    backend.scaledSum(context, token, std::numbers::sqrt2_v<float> / 2, context);
}

void PerLayerInput::branch(kernels::Backend& backend, const Tensor& ple,
                           const Activations& activations) const {
    const std::int64_t rows = ple.rows();
    const Tensor x = activations.x.slice(0, rows);                // [rows, hidden]
    const Tensor gated = activations.perLayerGate.slice(0, rows); // [rows, width]
    backend.linear(gate, x, gated);
    backend.geluMultiply(gated, ple, gated);
    backend.linear(projection, gated, activations.branch.slice(0, rows));
}

} // namespace lapidary::engine
