#include "gemma4/text/attention_block.h"

#include "gemma4/text/activations.h"

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

    backend.linear(q, h, query);
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
    if (ownsCache()) {
        backend.linear(k, h, key);
        if (!v.empty())
            backend.linear(v, h, value);
        store.k = key.as({rows, kvHeads, headDim});
        store.v = value.as({rows, kvHeads, headDim});
    }
    backend.rotateAndStore(store);
    backend.attention({
        .q = store.q,
        .cache = cache,
        .firstPosition = step.firstPosition,
        .window = window,
        // Full layers stay causal inside an image (gemma4.md 5.6).
        .runs = window > 0 ? step.runs : std::span<const kernels::Run>{},
        .out = attended.as({rows, heads, headDim}),
    });
    backend.linear(o, attended, activations.branch.slice(0, rows));
}

} // namespace lapidary::engine
