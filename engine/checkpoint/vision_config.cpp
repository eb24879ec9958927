#include "checkpoint/vision_config.h"

#include "checkpoint/limits.h"

#include <format>

namespace lapidary::engine {

VisionTowerConfig readVisionTower(Fields& vision) {
    VisionTowerConfig tower;
    tower.hidden = vision.integer("hidden_size", limits::kHidden);
    tower.mlpWidth = vision.integer("intermediate_size", limits::kMlpWidth);
    tower.layers = vision.integer("num_hidden_layers", limits::kLayers);
    tower.heads = vision.integer("num_attention_heads", limits::kHeads);
    tower.headDim = vision.integer("head_dim", limits::kHeadDim);
    tower.patchSize = vision.integer("patch_size", limits::kPatch);
    tower.poolingKernel = vision.integer("pooling_kernel_size", limits::kPooling);
    tower.positions = vision.integer("position_embedding_size", limits::kPositions);
    tower.epsilon = static_cast<float>(vision.number("rms_norm_eps", 0, 1));
    tower.clippedLinears = vision.boolean("use_clipped_linears");
    tower.standardize = vision.boolean("standardize");

    // Both spellings; 100 is fixed in the models' own code where the file is silent.
    std::optional<Fields> rope = vision.optionalObject("rope_parameters");
    tower.ropeTheta = (rope ? *rope : vision).optionalNumber("rope_theta", 1, 1e12).value_or(100);

    const int kvHeads =
        vision.optionalInteger("num_key_value_heads", limits::kHeads).value_or(tower.heads);
    if (kvHeads != tower.heads)
        vision.unsupported(std::format("{} is {} and {} is {}",
                                       vision.nameOf("num_key_value_heads"), kvHeads,
                                       vision.nameOf("num_attention_heads"), tower.heads));
    if (tower.headDim % 4 != 0)
        vision.report(std::format("{} is {}, which two axes of pairs do not divide",
                                  vision.nameOf("head_dim"), tower.headDim));
    if (vision.optionalText("hidden_activation").value_or("gelu_pytorch_tanh")
        != "gelu_pytorch_tanh")
        vision.unsupported(
            std::format("{} is not gelu_pytorch_tanh", vision.nameOf("hidden_activation")));
    if (vision.boolean("attention_bias", false))
        vision.unsupported(std::format("{} asks for biases", vision.nameOf("attention_bias")));
    return tower;
}

ImageEmbedderConfig readImageEmbedder(Fields& vision) {
    ImageEmbedderConfig embedder;
    embedder.hidden = vision.integer("mm_embed_dim", limits::kHidden);
    embedder.patchSize = vision.integer("patch_size", limits::kPatch);
    embedder.poolingKernel = vision.integer("pooling_kernel_size", limits::kPooling);
    embedder.positions = vision.integer("mm_posemb_size", limits::kPositions);
    embedder.epsilon = static_cast<float>(vision.number("rms_norm_eps", 0, 1));
    const int modelPatch =
        vision.optionalInteger("model_patch_size", {1, 1 << 12}).value_or(embedder.modelPatch());
    if (modelPatch != embedder.modelPatch())
        vision.report(std::format("{} is {} and {} times {} is {}",
                                  vision.nameOf("model_patch_size"), modelPatch,
                                  vision.nameOf("patch_size"), vision.nameOf("pooling_kernel_size"),
                                  embedder.modelPatch()));
    return embedder;
}

} // namespace lapidary::engine
