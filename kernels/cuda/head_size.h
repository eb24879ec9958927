#pragma once

namespace lapidary::kernels::cuda {

/// Calls run.template operator()<kDim>() with the compiled head size that holds `headDim`.
template <class Run>
void withHeadDim(int headDim, Run run) {
    if (headDim <= 64)
        run.template operator()<64>();
    else if (headDim <= 128)
        run.template operator()<128>();
    else if (headDim <= 256)
        run.template operator()<256>();
    else
        run.template operator()<512>();
}

} // namespace lapidary::kernels::cuda
