#include "memory/footprint.h"

#include "checkpoint/checkpoint.h"
#include "checkpoint/tensor_list.h"
#include "memory/cache_geometry.h"

#include <kernels/estimate.h>
#include <kernels/sampling.h>

#include <algorithm>
#include <span>
#include <vector>

namespace lapidary::engine {

namespace {

/// Adds up a list; `packed` tells the bytes of a matrix.
template <class Packed>
WeightBytes sum(std::span<const TensorSpec> specs, Packed packed) {
    WeightBytes bytes;
    for (const TensorSpec& spec : specs) {
        if (spec.use == TensorUse::Values)
            bytes.resident += static_cast<std::size_t>(spec.elements()) * sizeof(float);
        else if (spec.use == TensorUse::Matrix)
            (spec.part == TensorPart::PerLayerTable ? bytes.mapped : bytes.matrices) +=
                packed(spec);
    }
    bytes.resident += bytes.matrices;
    return bytes;
}

/// Numbers of the tower for one image: u, h, q, k, v, attended and the pixels for every patch, a
/// gate and an up projection, and the pooled features.
std::int64_t towerNumbers(const VisionTowerConfig& tower, std::int64_t imageBudget) {
    const std::int64_t pool = std::int64_t{tower.poolingKernel} * tower.poolingKernel;
    const std::int64_t patches = imageBudget * pool;
    const std::int64_t width =
        std::max<std::int64_t>(tower.hidden, std::int64_t{tower.heads} * tower.headDim);
    const std::int64_t pixels = 3LL * tower.patchSize * tower.patchSize;
    return patches * (6 * width + pixels + 2LL * tower.mlpWidth) + imageBudget * width;
}

} // namespace

WeightBytes weightBytes(const Checkpoint& checkpoint, WeightChoice weights, std::size_t widest) {
    return sum(checkpoint.specs(), [&](const TensorSpec& spec) {
        const std::size_t stored = checkpoint.packedBytes(spec, weights);
        const std::size_t kept = static_cast<std::size_t>(spec.elements()) * widest;
        return spec.part == TensorPart::PerLayerTable ? stored : std::min(stored, kept);
    });
}

WeightBytes weightBytes(const ModelConfig& config) {
    const std::vector<TensorSpec> specs = listTensors(config);
    return sum(specs, [](const TensorSpec& spec) {
        return static_cast<std::size_t>(spec.elements()) * 2;
    });
}

std::size_t activationNumberBytes(const kernels::DeviceDescription& device) {
    return device.id == "cpu" ? 4 : 2;
}

std::size_t activationBytes(const ModelConfig& config, std::size_t numberBytes) {
    const std::int64_t hidden = config.hidden;
    std::int64_t queries = 0;
    std::int64_t keys = 0;
    std::int64_t mlp = 0;
    for (const LayerConfig& layer : config.layers) {
        queries = std::max(queries, std::int64_t{config.heads} * layer.headDim);
        keys = std::max(keys, std::int64_t{layer.kvHeads} * layer.headDim);
        mlp = std::max(mlp, std::int64_t{layer.mlpWidth});
    }
    // The residual, a block's input and its output; q and what was attended; k and v; gate and up.
    std::int64_t row = 3 * hidden + 2 * queries + 2 * keys + 2 * mlp;
    if (const auto& experts = config.experts)
        row += 2 * hidden + experts->count + experts->topK * (3LL * experts->width + hidden + 2);
    if (const auto& input = config.perLayerInput)
        row += (2LL * config.layerCount() + 1) * input->width;
    const auto rows = static_cast<std::size_t>(longestChunk(config));
    // The largest magnitudes of what goes into the first and the last products of a layer, f32.
    const std::size_t magnitudes = static_cast<std::size_t>(1 + config.heads) * sizeof(float);
    const std::int64_t logits = config.vocabulary + kernels::boundsOf(config.vocabulary);
    return rows * (static_cast<std::size_t>(row) * numberBytes + magnitudes)
           + static_cast<std::size_t>(kLogitRows * logits) * sizeof(float)
           + kernels::drawingBytes(kLogitRows, config.vocabulary);
}

HeadChoice headOn(const kernels::DeviceDescription& device, HeadChoice head) {
    return device.id == "cpu" ? HeadChoice::AsStored : head;
}

std::size_t headBytes(const ModelConfig& config, HeadChoice head,
                      const kernels::DeviceDescription& device) {
    return headOn(device, head) == HeadChoice::EightBits
               ? kernels::coarseBytes(config.vocabulary, config.hidden)
               : 0;
}

std::size_t workspaceBytes(const ModelConfig& config, int imageBudget, std::size_t numberBytes) {
    std::int64_t numbers = 0;
    if (const auto& tower = config.visionTower)
        numbers = towerNumbers(*tower, imageBudget);
    else if (const auto& embedder = config.imageEmbedder)
        numbers = std::int64_t{imageBudget} * (embedder->patchValues() + embedder->hidden);
    // The features that the decoder receives.
    if (config.seesImages())
        numbers += std::int64_t{imageBudget} * config.hidden;
    return static_cast<std::size_t>(numbers) * numberBytes;
}

} // namespace lapidary::engine
