#include "gemma4/text/decoder_layer.h"

#include "gemma4/text/activations.h"

namespace lapidary::engine {

using kernels::Tensor;

void DecoderLayer::apply(kernels::Backend& backend, const Step& step, const kernels::KvView& cache,
                         const Tensor& ple, const Activations& activations) const {
    const Tensor x = activations.x.slice(0, step.rows);           // [rows, hidden]
    const Tensor branch = activations.branch.slice(0, step.rows); // [rows, hidden]

    backend.rmsNorm(x, inputNorm, epsilon, activations.normed.slice(0, step.rows));
    attention.apply(backend, step, cache, activations);
    backend.addNormed(x, branch, postAttentionNorm, epsilon, 1.0F);

    feedForward->apply(backend, step.rows, activations);
    backend.addNormed(x, branch, postFeedForwardNorm, epsilon, perLayerInput ? 1.0F : scalar);

    if (perLayerInput)
        perLayerInput->apply(backend, ple, scalar, activations);
}

} // namespace lapidary::engine
