#include "gemma4/vision/block_embedder.h"

#include "checkpoint/model_config.h"
#include "gemma4/tensor_loader.h"
#include "gemma4/vision/workspace.h"

#include <cstdint>
#include <string>
#include <vector>

namespace lapidary::engine {

using kernels::Tensor;

BlockEmbedder::BlockEmbedder(TensorLoader& load, const ImageEmbedderConfig& config)
    : blockSide_(config.modelPatch()) {
    const std::string name = "model.vision_embedder.";
    const auto layerNorm = [&](const std::string& norm) {
        return LayerNorm{.weight = load.vector(name + norm + ".weight"),
                         .bias = load.vector(name + norm + ".bias"),
                         .epsilon = ImageEmbedderConfig::kLayerNormEpsilon};
    };
    pixelNorm_ = layerNorm("patch_ln1");
    dense_ = load.matrix(name + "patch_dense.weight");
    denseBias_ = load.vector(name + "patch_dense.bias");
    denseNorm_ = layerNorm("patch_ln2");
    positions_ = load.vector(name + "pos_embedding").as({2LL * config.positions, config.hidden});
    positionNorm_ = layerNorm("pos_norm");
    projection_ = load.matrix("model.embed_vision.embedding_projection.weight");
    epsilon_ = config.epsilon;
    positionEntries_ = config.positions;
}

Tensor BlockEmbedder::features(kernels::Backend& backend, Workspace& workspace,
                               const Patches& patches) const {
    const std::int64_t blocks = patches.count();
    std::vector<std::int32_t> columns;
    std::vector<std::int32_t> rows;
    for (int row = 0; row < patches.rows; ++row)
        for (int column = 0; column < patches.columns; ++column) {
            columns.push_back(2 * column);
            rows.push_back(2 * row + 1);
        }
    const Tensor pixels = workspace.take(patches.pixels, blocks); // [blocks, pixels] in [0, 1]
    const Tensor c = workspace.take({blocks, dense_.rows()});     // [blocks, width]
    const Tensor columnEntries = workspace.take(columns);
    const Tensor rowEntries = workspace.take(rows);
    if (!workspace.finish())
        return {};

    pixelNorm_.apply(backend, pixels);
    backend.linear(dense_, pixels, c);
    backend.addBias(c, denseBias_);
    denseNorm_.apply(backend, c);
    backend.addRows(c, positions_, columnEntries);
    backend.addRows(c, positions_, rowEntries);
    positionNorm_.apply(backend, c);
    return c;
}

void BlockEmbedder::LayerNorm::apply(kernels::Backend& backend, const Tensor& x) const {
    backend.layerNorm(x, weight, bias, epsilon, x);
}

} // namespace lapidary::engine
