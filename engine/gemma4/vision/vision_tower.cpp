#include "gemma4/vision/vision_tower.h"

#include "checkpoint/model_config.h"
#include "gemma4/tensor_loader.h"
#include "gemma4/vision/workspace.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <format>
#include <string>

namespace lapidary::engine {

using kernels::Tensor;

namespace {

/// Rows of the MLP that are computed at a time.
constexpr std::int64_t kSlab = 1024;

/// Each half of a head turns by one coordinate: 100^(−2i / e) for its e / 2 pairs, e = headDim / 2.
std::vector<float> axialFrequencies(const VisionTowerConfig& config) {
    std::vector<float> result(static_cast<std::size_t>(config.headDim / 4)); // [headDim / 4]
    const int coordinate = config.headDim / 2;
    const auto half = static_cast<float>(coordinate);
    for (std::size_t i = 0; i < result.size(); ++i)
        result[i] =
            1.0F / std::pow(static_cast<float>(config.ropeTheta), static_cast<float>(2 * i) / half);
    return result;
}

} // namespace

VisionTower::VisionTower(TensorLoader& load, const VisionTowerConfig& config)
    : patchSide_(config.patchSize), pooling_(config.poolingKernel), mlpWidth_(config.mlpWidth) {
    positionEntries_ = config.positions;
    const std::string name = "model.vision_tower.";
    patchProjection_ = load.matrix(name + "patch_embedder.input_proj.weight");
    positions_ = load.vector(name + "patch_embedder.position_embedding_table")
                     .as({2LL * positionEntries_, config.hidden});
    const Tensor frequencies = load.vector(axialFrequencies(config));
    for (int l = 0; l < config.layers; ++l)
        layers_.emplace_back(load, std::format("{}encoder.layers.{}.", name, l), config,
                             frequencies);
    if (config.standardize) {
        bias_ = load.vector(name + "std_bias");
        scale_ = load.vector(name + "std_scale");
    }
    projection_ = load.matrix("model.embed_vision.embedding_projection.weight");
    epsilon_ = config.epsilon;
}

Tensor VisionTower::features(kernels::Backend& backend, Workspace& workspace,
                             const Patches& patches) const {
    const std::int64_t count = patches.count();
    const std::int64_t width = patchProjection_.rows();
    std::vector<std::int32_t> columns;
    std::vector<std::int32_t> rows;
    std::vector<std::int32_t> rowEntries;
    for (int row = 0; row < patches.rows; ++row)
        for (int column = 0; column < patches.columns; ++column) {
            columns.push_back(column);
            rows.push_back(row);
            rowEntries.push_back(positionEntries_ + row);
        }
    std::vector<float> centred(patches.pixels.size()); // [patches, 3 · side²] in [−1, 1]
    std::ranges::transform(patches.pixels, centred.begin(),
                           [](float pixel) { return 2.0F * (pixel - 0.5F); });

    const Tensor pixels = workspace.take(centred, count); // [patches, 3 · side²]
    const Tensor rowIndices = workspace.take(rowEntries); // [patches] i32
    const std::int64_t slab = std::min(count, kSlab);
    const VisionActivations activations{
        .u = workspace.take({count, width}),
        .h = workspace.take({count, width}),
        .q = workspace.take({count, width}),
        .k = workspace.take({count, width}),
        .v = workspace.take({count, width}),
        .attended = workspace.take({count, width}),
        .gate = workspace.take({slab, mlpWidth_}),
        .up = workspace.take({slab, mlpWidth_}),
        .columns = workspace.take(columns),
        .rows = workspace.take(rows),
    };
    const Tensor pooled = workspace.take({count / (std::int64_t{pooling_} * pooling_), width});
    if (!workspace.finish())
        return {};

    backend.linear(patchProjection_, pixels, activations.u);
    backend.addRows(activations.u, positions_, activations.columns);
    backend.addRows(activations.u, positions_, rowIndices);
    for (const VisionLayer& layer : layers_)
        layer.apply(backend, activations);
    backend.poolPatches(activations.u, patches.columns, pooling_,
                        std::sqrt(static_cast<float>(width)), bias_, scale_, pooled);
    return pooled;
}

} // namespace lapidary::engine
