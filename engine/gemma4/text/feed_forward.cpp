#include "gemma4/text/feed_forward.h"

#include "gemma4/text/activations.h"

#include <cmath>

namespace lapidary::engine {

using kernels::Tensor;

kernels::GatedMlp DenseFeedForward::operation(std::int64_t rows,
                                              const Activations& activations) const {
    return {
        .gate = gate,
        .up = up,
        .down = down,
        .x = activations.normed.slice(0, rows),
        .y = activations.branch.slice(0, rows),
        .scratch = activations.mlp.as({2 * rows, gate.rows()}),
        .largest = activations.largest.slice(0, rows),
    };
}

void DenseFeedForward::apply(kernels::Backend& backend, std::int64_t rows,
                             const Activations& activations, const kernels::AddNormed& sum) const {
    backend.gatedMlp(operation(rows, activations));
    backend.addNormed(sum);
}

void ExpertFeedForward::apply(kernels::Backend& backend, std::int64_t rows,
                              const Activations& activations, const kernels::AddNormed& sum) const {
    const Tensor x = activations.x.slice(0, rows); // [rows, hidden]
    const Tensor who = activations.experts.chosen.slice(0, rows);
    const Tensor weights = activations.experts.weights.slice(0, rows);
    backend.mixedMlp({
        .dense = dense.operation(rows, activations),
        .denseNorm = denseNorm,
        .route =
            {
                .x = x,
                .scale = routerScale,
                .factor = 1.0F / std::sqrt(static_cast<float>(x.rowSize())),
                .proj = router,
                .perExpertScale = perExpertScale,
                .epsilon = epsilon,
                .scratch = activations.experts.router.slice(0, rows),
                .chosen = who,
                .weights = weights,
            },
        .expertsInNorm = expertsInNorm,
        .experts =
            {
                .gateUp = gateUp,
                .down = down,
                .x = activations.normed.slice(0, rows),
                .chosen = who,
                .weights = weights,
                .y = activations.experts.sum.slice(0, rows),
                .scratch = activations.experts.mlp.slice(0, rows * chosen),
            },
        .expertsNorm = expertsOutNorm,
        .epsilon = epsilon,
        .sum = sum,
    });
}

} // namespace lapidary::engine
