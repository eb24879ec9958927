#include "gemma4/text/feed_forward.h"

#include "gemma4/text/activations.h"

#include <cmath>

namespace lapidary::engine {

using kernels::Tensor;

void DenseFeedForward::apply(kernels::Backend& backend, std::int64_t rows,
                             const Activations& activations) const {
    backend.gatedMlp({
        .gate = gate,
        .up = up,
        .down = down,
        .x = activations.normed.slice(0, rows),
        .y = activations.branch.slice(0, rows),
        .scratch = activations.mlp.as({2 * rows, gate.rows()}),
        .largest = activations.largest.slice(0, rows),
    });
}

void ExpertFeedForward::apply(kernels::Backend& backend, std::int64_t rows,
                              const Activations& activations) const {
    const Tensor x = activations.x.slice(0, rows);           // [rows, hidden]
    const Tensor z = activations.normed.slice(0, rows);      // [rows, hidden]
    const Tensor d = activations.branch.slice(0, rows);      // [rows, hidden]
    const Tensor r = activations.experts.sum.slice(0, rows); // [rows, hidden]
    const Tensor who = activations.experts.chosen.slice(0, rows);
    const Tensor weights = activations.experts.weights.slice(0, rows);

    dense.apply(backend, rows, activations);
    backend.rmsNorm(d, denseNorm, epsilon, d);

    backend.route({
        .x = x,
        .scale = routerScale,
        .factor = 1.0F / std::sqrt(static_cast<float>(x.rowSize())),
        .proj = router,
        .perExpertScale = perExpertScale,
        .epsilon = epsilon,
        .scratch = activations.experts.router.slice(0, rows),
        .chosen = who,
        .weights = weights,
    });
    backend.rmsNorm(x, expertsInNorm, epsilon, z);
    backend.expertMlp({
        .gateUp = gateUp,
        .down = down,
        .x = z,
        .chosen = who,
        .weights = weights,
        .y = r,
        .scratch = activations.experts.mlp.slice(0, rows * chosen),
    });
    backend.rmsNorm(r, expertsOutNorm, epsilon, r);
    backend.scaledSum(d, r, 1.0F, d);
}

} // namespace lapidary::engine
