#include "gemma4/vision/image_encoder.h"

#include "checkpoint/model_config.h"
#include "gemma4/vision/block_embedder.h"
#include "gemma4/vision/vision_tower.h"
#include "gemma4/vision/workspace.h"

#include <algorithm>
#include <format>

namespace lapidary::engine {

using kernels::Tensor;

Expected<SoftTokens> ImageEncoder::encode(kernels::Backend& backend, const Patches& patches) const {
    if (std::max(patches.columns, patches.rows) > positionEntries_)
        return fail(ErrorKind::Unsupported,
                    std::format("The picture is {} × {} squares, and this model knows positions up "
                                "to {}. Crop it to a shape that is less long.",
                                patches.columns, patches.rows, positionEntries_));
    Workspace workspace(backend);
    const Tensor width = features(backend, workspace, patches); // [tokens, width]
    if (auto done = workspace.finish(); !done)
        return std::unexpected(done.error());
    const Tensor soft = workspace.take({width.rows(), projection_.rows()}); // [tokens, hidden]
    if (auto done = workspace.finish(); !done)
        return std::unexpected(done.error());

    backend.rmsNorm(width, {}, epsilon_, width);
    backend.linear(projection_, width, soft);
    SoftTokens result{.tokens = soft.rows(), .values = std::vector<std::byte>(soft.bytes())};
    backend.download(soft, result.values);
    if (auto done = backend.wait(); !done)
        return std::unexpected(done.error());
    return result;
}

std::unique_ptr<ImageEncoder> loadImageEncoder(TensorLoader& load, const ModelConfig& config) {
    if (config.visionTower)
        return std::make_unique<VisionTower>(load, *config.visionTower);
    if (config.imageEmbedder)
        return std::make_unique<BlockEmbedder>(load, *config.imageEmbedder);
    return nullptr;
}

} // namespace lapidary::engine
