#include "generation/loaded_model.h"

#include "gemma4/tensor_loader.h"
#include "memory/cache_geometry.h"
#include "memory/footprint.h"

#include <algorithm>
#include <utility>

namespace lapidary::engine {

namespace {

/// Cards compute heads of a multiple of 8 numbers and at most 512: every published model's.
Expected<void> checkHeads(const ModelConfig& config, const kernels::Backend& backend) {
    if (backend.describe().id == "cpu")
        return {};
    const auto computes = [](int headDim) { return headDim % 8 == 0 && headDim <= 512; };
    const bool all = std::ranges::all_of(config.layers, computes, &LayerConfig::headDim)
                     && (!config.visionTower || computes(config.visionTower->headDim));
    if (!all)
        return fail(ErrorKind::Unsupported,
                    "This model's attention heads have sizes that graphics cards do not compute: "
                    "choose the processor.");
    return {};
}

} // namespace

Expected<std::unique_ptr<LoadedModel>>
LoadedModel::load(Checkpoint checkpoint, std::unique_ptr<kernels::Backend> backend,
                  WeightChoice weights, const std::function<void(std::size_t)>& progress,
                  const std::stop_token& stop) {
    if (auto heads = checkHeads(checkpoint.config(), *backend); !heads)
        return std::unexpected(heads.error());
    TensorLoader loader(checkpoint, *backend, weights, progress, stop);
    TextDecoder decoder = TextDecoder::load(loader, checkpoint.config());
    std::unique_ptr<ImageEncoder> images = loadImageEncoder(loader, checkpoint.config());
    const std::size_t weightBytes = loader.packedBytes();
    auto vectors = loader.finish();
    if (!vectors)
        return std::unexpected(vectors.error());
    auto activations = Activations::allocate(*backend, checkpoint.config(),
                                             longestChunk(checkpoint.config()), kLogitRows);
    if (!activations)
        return std::unexpected(activations.error());
    return std::make_unique<LoadedModel>(LoadedModel{
        .checkpoint = std::move(checkpoint),
        .backend = std::move(backend),
        .decoder = std::move(decoder),
        .images = std::move(images),
        .vectors = std::move(*vectors),
        .activations = std::move(*activations),
        .weightBytes = weightBytes,
    });
}

} // namespace lapidary::engine
