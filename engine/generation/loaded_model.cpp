#include "generation/loaded_model.h"

#include "gemma4/tensor_loader.h"
#include "generation/card_shapes.h"
#include "memory/cache_geometry.h"
#include "memory/footprint.h"

#include <utility>

namespace lapidary::engine {

Expected<std::unique_ptr<LoadedModel>>
LoadedModel::load(Checkpoint checkpoint, std::unique_ptr<kernels::Backend> backend,
                  WeightChoice weights, HeadChoice head,
                  const std::function<void(std::size_t)>& progress, const std::stop_token& stop) {
    if (backend->describe().id != "cpu")
        if (auto shapes = checkCardShapes(checkpoint.config()); !shapes)
            return std::unexpected(shapes.error());
    TensorLoader loader(checkpoint, *backend, weights, progress, stop);
    TextDecoder decoder = TextDecoder::load(loader, checkpoint.config());
    std::unique_ptr<ImageEncoder> images = loadImageEncoder(loader, checkpoint.config());
    std::size_t weightBytes = loader.packedBytes();
    auto vectors = loader.finish();
    if (!vectors)
        return std::unexpected(vectors.error());
    if (head == HeadChoice::EightBits) {
        const auto bytes = decoder.coarsenHead(*backend);
        if (!bytes)
            return std::unexpected(bytes.error());
        weightBytes += *bytes;
    }
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
