#include "gemma4/text/attention_block.h"

#include "gemma4/text/activations.h"

#include <array>
#include <cstddef>
#include <span>

namespace lapidary::engine {

using kernels::Tensor;

void AttentionBlock::apply(kernels::Backend& backend, const Step& step,
                           const kernels::KvView& cache, const Activations& activations) const {
    const std::int64_t rows = step.rows;
    const Tensor h = activations.normed.slice(0, rows);             // [rows, hidden]
    const Tensor query = activations.q.as({rows, heads * headDim}); // [rows, heads · headDim]
    const Tensor key = activations.k.as({rows, kvHeads * headDim}); // [rows, kvHeads · headDim]
    const Tensor value = v.empty() ? key : activations.v.as({rows, kvHeads * headDim});
    const Tensor attended = activations.attended.as({rows, heads * headDim});
    const Tensor largest = activations.attendedLargest.as({rows, heads});

    kernels::RotateAndStore store{
        .q = query.as({rows, heads, headDim}),
        .k = {},
        .v = {},
        .qNorm = qNorm,
        .kNorm = kNorm,
        .frequencies = frequencies,
        .epsilon = epsilon,
        .firstPosition = step.firstPosition,
        .cache = cache,
    };
    const std::array projections{kernels::Projection{q, query}, kernels::Projection{k, key},
                                 kernels::Projection{v, value}};
    const std::size_t owned = v.empty() ? 2 : 3;
    const std::size_t used = ownsCache() ? owned : 1;
    backend.linear(std::span(projections).first(used), h, activations.largest.slice(0, rows));
    if (ownsCache()) {
        store.k = key.as({rows, kvHeads, headDim});
        store.v = value.as({rows, kvHeads, headDim});
    }
    backend.rotateAndAttend(store,
                            {
                                .q = store.q,
                                .cache = cache,
                                .firstPosition = step.firstPosition,
                                .window = window,
                                // Full layers stay causal inside an image (gemma4.md 5.6).
                                .runs = window > 0 ? step.runs : std::span<const kernels::Run>{},
                                .out = attended.as({rows, heads, headDim}),
                                .largest = largest,
                            });
    backend.linear(o, attended, activations.branch.slice(0, rows), largest);
}

} // namespace lapidary::engine
