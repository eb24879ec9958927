#include "cli/bench/cost.h"

#include "checkpoint/tensor_list.h"
#include "memory/cache_geometry.h"

#include <kernels/estimate.h>

#include <algorithm>

namespace lapidary::cli {

using namespace engine;

Cost tokenCost(const Checkpoint& checkpoint, WeightChoice weights, HeadChoice head) {
    Cost cost;
    const auto& experts = checkpoint.config().experts;
    for (const TensorSpec& spec : checkpoint.specs()) {
        if (spec.use != TensorUse::Matrix || spec.part == TensorPart::Vision
            || spec.part == TensorPart::PerLayerTable)
            continue;
        if (spec.part == TensorPart::Embedding && head == HeadChoice::EightBits) {
            cost.weightBytes +=
                static_cast<double>(kernels::coarseBytes(spec.shape.front(), spec.shape.back()));
            continue;
        }
        const bool isStack = spec.part == TensorPart::Experts && spec.shape.size() == 3;
        const double share =
            isStack && experts ? static_cast<double>(experts->topK) / experts->count : 1;
        cost.weightBytes += share * static_cast<double>(checkpoint.packedBytes(spec, weights));
        if (spec.part != TensorPart::Embedding)
            cost.weightFlops += 2 * share * static_cast<double>(spec.elements());
    }
    return cost;
}

double cacheBytes(const ModelConfig& config, std::int64_t positions, CacheFormat format) {
    double numbers = 0;
    for (const LayerConfig& layer : config.layers) {
        const std::int64_t seen =
            layer.sliding ? std::min<std::int64_t>(positions, config.slidingWindow) : positions;
        numbers += 2.0 * layer.kvHeads * layer.headDim * static_cast<double>(seen);
    }
    return numbers * static_cast<double>(engine::sizeOf(format));
}

double attentionFlops(const ModelConfig& config, std::int64_t tokens) {
    double flops = 0;
    const auto all = static_cast<double>(tokens);
    for (const LayerConfig& layer : config.layers) {
        const double window = std::min(all, static_cast<double>(config.slidingWindow));
        // The first `window` rows see half of it on average, the others all of it.
        const double pairs = layer.sliding ? window * (all - window / 2) : all * all / 2;
        flops += 4.0 * config.heads * layer.headDim * pairs;
    }
    return flops;
}

} // namespace lapidary::cli
