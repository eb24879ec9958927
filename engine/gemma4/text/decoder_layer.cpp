#include "gemma4/text/decoder_layer.h"

#include "gemma4/text/activations.h"

namespace lapidary::engine {

using kernels::Tensor;

void DecoderLayer::apply(kernels::Backend& backend, const Step& step, const kernels::KvView& cache,
                         const Tensor& ple, const Tensor& nextNorm,
                         const Activations& activations) const {
    kernels::AddNormed sum{
        .residual = activations.x.slice(0, step.rows),
        .x = activations.branch.slice(0, step.rows),
        .weight = postAttentionNorm,
        .epsilon = epsilon,
        .nextWeight = feedForward->inputNorm(),
        .normed = activations.normed.slice(0, step.rows),
        .largest = activations.largest.slice(0, step.rows),
    };
    attention.apply(backend, step, cache, activations);
    backend.addNormed(sum);

    sum.weight = postFeedForwardNorm;
    if (perLayerInput) {
        sum.nextWeight = {};
        feedForward->apply(backend, step.rows, activations, sum);
        perLayerInput->branch(backend, ple, activations);
        sum.weight = perLayerInput->norm;
    }
    sum.scale = scalar;
    sum.nextWeight = nextNorm;
    if (perLayerInput)
        backend.addNormed(sum);
    else
        feedForward->apply(backend, step.rows, activations, sum);
}

} // namespace lapidary::engine
