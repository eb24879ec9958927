#include "checkpoint/tensor_list.h"

#include <format>
#include <initializer_list>
#include <utility>

namespace lapidary::engine {

namespace {

using Shape = std::vector<std::int64_t>;

/// Appends specifications under a prefix, in the words of gemma4.md section 3.
class Lister {
public:
    void setPrefix(std::string prefix) { prefix_ = std::move(prefix); }

    void matrix(std::string_view name, Shape shape, TensorPart part, std::string_view sizes) {
        add(name, std::move(shape), part, TensorUse::Matrix, sizes);
    }
    void linear(std::string_view name, Shape shape, TensorPart part, std::string_view sizes) {
        constexpr std::int64_t kMultiple = 16;
        const std::size_t rank = shape.size();
        const bool fits = shape[rank - 1] % kMultiple == 0 && shape[rank - 2] % kMultiple == 0;
        matrix(name, std::move(shape), part, sizes);
        specs.back().quantisable = fits;
    }
    void values(std::string_view name, Shape shape, TensorPart part, std::string_view sizes) {
        add(name, std::move(shape), part, TensorUse::Values, sizes);
    }
    void ignored(std::string_view name, Shape shape, TensorPart part, std::string_view sizes) {
        add(name, std::move(shape), part, TensorUse::Ignored, sizes);
    }

    std::vector<TensorSpec> specs;

private:
    void add(std::string_view name, Shape shape, TensorPart part, TensorUse use,
             std::string_view sizes) {
        specs.push_back({.name = std::format("{}{}", prefix_, name),
                         .shape = std::move(shape),
                         .part = part,
                         .use = use,
                         .sizes = sizes});
    }

    std::string prefix_;
};

constexpr std::string_view kHiddenSize = "[hidden_size]";

void listAttention(Lister& list, const ModelConfig& config, const LayerConfig& layer) {
    const std::int64_t hidden = config.hidden;
    const std::int64_t queries = std::int64_t{config.heads} * layer.headDim;
    const std::int64_t keys = std::int64_t{layer.kvHeads} * layer.headDim;
    constexpr auto kPart = TensorPart::Attention;
    constexpr std::string_view kKeySizes = "[num_key_value_heads · head_dim, hidden_size]";
    list.linear("self_attn.q_proj.weight", {queries, hidden}, kPart,
                "[num_attention_heads · head_dim, hidden_size]");
    list.values("self_attn.q_norm.weight", {layer.headDim}, TensorPart::Norms, "[head_dim]");
    if (layer.ownsKv) {
        list.linear("self_attn.k_proj.weight", {keys, hidden}, kPart, kKeySizes);
        list.values("self_attn.k_norm.weight", {layer.headDim}, TensorPart::Norms, "[head_dim]");
        if (!layer.keyIsValue)
            list.linear("self_attn.v_proj.weight", {keys, hidden}, kPart, kKeySizes);
    } else {
        // Some files carry them from before the layers shared; nothing reads them.
        list.ignored("self_attn.k_proj.weight", {keys, hidden}, kPart, kKeySizes);
        list.ignored("self_attn.v_proj.weight", {keys, hidden}, kPart, kKeySizes);
        list.ignored("self_attn.k_norm.weight", {layer.headDim}, TensorPart::Norms, "[head_dim]");
    }
    list.linear("self_attn.o_proj.weight", {hidden, queries}, kPart,
                "[hidden_size, num_attention_heads · head_dim]");
}

void listMlp(Lister& list, const ModelConfig& config, const LayerConfig& layer) {
    const std::int64_t hidden = config.hidden;
    constexpr std::string_view kSizes = "[intermediate_size, hidden_size]";
    list.linear("mlp.gate_proj.weight", {layer.mlpWidth, hidden}, TensorPart::Mlp, kSizes);
    list.linear("mlp.up_proj.weight", {layer.mlpWidth, hidden}, TensorPart::Mlp, kSizes);
    list.linear("mlp.down_proj.weight", {hidden, layer.mlpWidth}, TensorPart::Mlp,
                "[hidden_size, intermediate_size]");
}

void listExperts(Lister& list, const ExpertConfig& experts, std::int64_t hidden) {
    constexpr auto kPart = TensorPart::Experts;
    list.matrix("router.proj.weight", {experts.count, hidden}, kPart, "[num_experts, hidden_size]");
    list.values("router.scale", {hidden}, kPart, kHiddenSize);
    list.values("router.per_expert_scale", {experts.count}, kPart, "[num_experts]");
    list.linear("experts.gate_up_proj", {experts.count, 2LL * experts.width, hidden}, kPart,
                "[num_experts, 2 · moe_intermediate_size, hidden_size]");
    list.linear("experts.down_proj", {experts.count, hidden, experts.width}, kPart,
                "[num_experts, hidden_size, moe_intermediate_size]");
    for (const char* name :
         {"post_feedforward_layernorm_1.weight", "post_feedforward_layernorm_2.weight",
          "pre_feedforward_layernorm_2.weight"})
        list.values(name, {hidden}, TensorPart::Norms, kHiddenSize);
}

void listText(Lister& list, const ModelConfig& config) {
    const std::int64_t hidden = config.hidden;
    const std::string prefix = "model.language_model.";
    list.setPrefix(prefix);
    list.matrix("embed_tokens.weight", {config.vocabulary, hidden}, TensorPart::Embedding,
                "[vocab_size, hidden_size]");
    if (const auto& input = config.perLayerInput) {
        const std::int64_t width = std::int64_t{config.layerCount()} * input->width;
        list.matrix("embed_tokens_per_layer.weight", {input->vocabulary, width},
                    TensorPart::PerLayerTable,
                    "[vocab_size_per_layer_input, num_hidden_layers · "
                    "hidden_size_per_layer_input]");
        list.matrix("per_layer_model_projection.weight", {width, hidden}, TensorPart::PerLayerInput,
                    "[num_hidden_layers · hidden_size_per_layer_input, hidden_size]");
        list.values("per_layer_projection_norm.weight", {input->width}, TensorPart::Norms,
                    "[hidden_size_per_layer_input]");
    }
    for (int index = 0; index < config.layerCount(); ++index) {
        const LayerConfig& layer = config.layers[static_cast<std::size_t>(index)];
        list.setPrefix(std::format("{}layers.{}.", prefix, index));
        for (const char* name :
             {"input_layernorm.weight", "post_attention_layernorm.weight",
              "pre_feedforward_layernorm.weight", "post_feedforward_layernorm.weight"})
            list.values(name, {hidden}, TensorPart::Norms, kHiddenSize);
        list.values("layer_scalar", {1}, TensorPart::Norms, "[1]");
        listAttention(list, config, layer);
        listMlp(list, config, layer);
        if (config.experts)
            listExperts(list, *config.experts, hidden);
        if (const auto& input = config.perLayerInput) {
            constexpr auto kPart = TensorPart::PerLayerInput;
            list.linear("per_layer_input_gate.weight", {input->width, hidden}, kPart,
                        "[hidden_size_per_layer_input, hidden_size]");
            list.linear("per_layer_projection.weight", {hidden, input->width}, kPart,
                        "[hidden_size, hidden_size_per_layer_input]");
            list.values("post_per_layer_input_norm.weight", {hidden}, TensorPart::Norms,
                        kHiddenSize);
        }
    }
    list.setPrefix(prefix);
    list.values("norm.weight", {hidden}, TensorPart::Norms, kHiddenSize);
    list.setPrefix("");
    // The head is the embedding; some files write it out once more.
    list.ignored("lm_head.weight", {config.vocabulary, hidden}, TensorPart::Embedding,
                 "[vocab_size, hidden_size]");
}

/// A linear of the tower with the four scalars that bound its input and output in the E-series.
void listTowerLinear(Lister& list, const VisionTowerConfig& tower, const std::string& name,
                     Shape shape, std::string_view sizes) {
    list.matrix(name + ".linear.weight", std::move(shape), TensorPart::Vision, sizes);
    if (tower.clippedLinears)
        for (const char* bound : {".input_min", ".input_max", ".output_min", ".output_max"})
            list.values(name + bound, {}, TensorPart::Vision, "[]");
}

void listTower(Lister& list, const VisionTowerConfig& tower, std::int64_t textHidden) {
    constexpr auto kPart = TensorPart::Vision;
    const std::int64_t hidden = tower.hidden;
    const std::int64_t heads = std::int64_t{tower.heads} * tower.headDim;
    const std::string prefix = "model.vision_tower.";
    list.setPrefix(prefix);
    list.matrix("patch_embedder.input_proj.weight",
                {hidden, 3LL * tower.patchSize * tower.patchSize}, kPart,
                "[hidden_size, 3 · patch_size²]");
    list.values("patch_embedder.position_embedding_table", {2, tower.positions, hidden}, kPart,
                "[2, position_embedding_size, hidden_size]");
    for (int index = 0; index < tower.layers; ++index) {
        list.setPrefix(std::format("{}encoder.layers.{}.", prefix, index));
        for (const char* name :
             {"input_layernorm.weight", "post_attention_layernorm.weight",
              "pre_feedforward_layernorm.weight", "post_feedforward_layernorm.weight"})
            list.values(name, {hidden}, kPart, kHiddenSize);
        for (const char* name : {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"})
            listTowerLinear(list, tower, name, {heads, hidden},
                            "[num_attention_heads · head_dim, hidden_size]");
        listTowerLinear(list, tower, "self_attn.o_proj", {hidden, heads},
                        "[hidden_size, num_attention_heads · head_dim]");
        list.values("self_attn.q_norm.weight", {tower.headDim}, kPart, "[head_dim]");
        list.values("self_attn.k_norm.weight", {tower.headDim}, kPart, "[head_dim]");
        for (const char* name : {"mlp.gate_proj", "mlp.up_proj"})
            listTowerLinear(list, tower, name, {tower.mlpWidth, hidden},
                            "[intermediate_size, hidden_size]");
        listTowerLinear(list, tower, "mlp.down_proj", {hidden, tower.mlpWidth},
                        "[hidden_size, intermediate_size]");
    }
    list.setPrefix(prefix);
    if (tower.standardize)
        for (const char* name : {"std_bias", "std_scale"})
            list.values(name, {hidden}, kPart, kHiddenSize);
    list.setPrefix("model.embed_vision.");
    list.matrix("embedding_projection.weight", {textHidden, hidden}, kPart,
                "[text hidden_size, vision hidden_size]");
}

void listEmbedder(Lister& list, const ImageEmbedderConfig& embedder, std::int64_t textHidden) {
    constexpr auto kPart = TensorPart::Vision;
    const std::int64_t hidden = embedder.hidden;
    const std::int64_t patch = embedder.patchValues();
    constexpr std::string_view kPatchSize = "[3 · (patch_size · pooling_kernel_size)²]";
    list.setPrefix("model.vision_embedder.");
    for (const char* name : {"patch_ln1.weight", "patch_ln1.bias"})
        list.values(name, {patch}, kPart, kPatchSize);
    list.matrix("patch_dense.weight", {hidden, patch}, kPart,
                "[mm_embed_dim, 3 · (patch_size · pooling_kernel_size)²]");
    for (const char* name : {"patch_dense.bias", "patch_ln2.weight", "patch_ln2.bias",
                             "pos_norm.weight", "pos_norm.bias"})
        list.values(name, {hidden}, kPart, "[mm_embed_dim]");
    list.values("pos_embedding", {embedder.positions, 2, hidden}, kPart,
                "[mm_posemb_size, 2, mm_embed_dim]");
    list.setPrefix("model.embed_vision.");
    list.matrix("embedding_projection.weight", {textHidden, hidden}, kPart,
                "[hidden_size, mm_embed_dim]");
}

template <class Belongs>
std::size_t countElements(std::span<const TensorSpec> specs, Belongs belongs) {
    std::size_t count = 0;
    for (const TensorSpec& spec : specs)
        if (spec.use != TensorUse::Ignored && belongs(spec.part))
            count += static_cast<std::size_t>(spec.elements());
    return count;
}

} // namespace

std::int64_t TensorSpec::elements() const {
    std::int64_t product = 1;
    for (const std::int64_t dimension : shape)
        product *= dimension;
    return product;
}

std::vector<TensorSpec> listTensors(const ModelConfig& config) {
    Lister list;
    listText(list, config);
    if (config.visionTower)
        listTower(list, *config.visionTower, config.hidden);
    if (config.imageEmbedder)
        listEmbedder(list, *config.imageEmbedder, config.hidden);
    return std::move(list.specs);
}

std::size_t textParameters(std::span<const TensorSpec> specs) {
    return countElements(specs, [](TensorPart part) { return part != TensorPart::Vision; });
}

std::size_t imageParameters(std::span<const TensorSpec> specs) {
    return countElements(specs, [](TensorPart part) { return part == TensorPart::Vision; });
}

bool isAudioTensor(std::string_view canonicalName) {
    return canonicalName.starts_with("model.audio_tower.")
           || canonicalName.starts_with("model.embed_audio.");
}

} // namespace lapidary::engine
