#include "checkpoint/text_config.h"

#include "checkpoint/limits.h"

#include <charconv>
#include <format>
#include <set>
#include <string>
#include <vector>

namespace lapidary::engine {

namespace {

constexpr const char* kSliding = "sliding_attention";
constexpr const char* kFull = "full_attention";

/// Which layers slide. Without a list every sixth layer is full; the last layer always is.
std::vector<bool> readLayerTypes(Fields& text, int layers) {
    std::vector<bool> sliding;
    if (!text.has("layer_types")) {
        for (int layer = 0; layer < layers; ++layer)
            sliding.push_back((layer + 1) % 6 != 0);
    } else {
        for (const std::string& type : text.texts("layer_types")) {
            if (type != kSliding && type != kFull)
                text.unsupported(
                    std::format("{} has a layer of type \"{}\"", text.nameOf("layer_types"), type));
            sliding.push_back(type == kSliding);
        }
        if (sliding.size() != static_cast<std::size_t>(layers))
            text.report(std::format("{} has {} entries and {} is {}", text.nameOf("layer_types"),
                                    sliding.size(), text.nameOf("num_hidden_layers"), layers));
        sliding.resize(static_cast<std::size_t>(layers));
    }
    sliding.back() = false;
    return sliding;
}

/// Head size and K/V heads of single layers: the map that transformers writes since 5.17, in which
/// a layer names only what differs, or the two keys for all full layers that it wrote before.
void readHeadSizes(Fields& text, bool keyIsValue, std::vector<LayerConfig>& layers) {
    std::optional<Fields> perLayer = text.optionalObject("per_layer_config");
    if (!perLayer) {
        const int headDim = text.integer("global_head_dim", limits::kHeadDim);
        const std::optional<int> kvHeads =
            text.optionalInteger("num_global_key_value_heads", limits::kHeads);
        for (LayerConfig& layer : layers) {
            if (layer.sliding)
                continue;
            layer.headDim = headDim;
            // Honoured for K = V models alone, as in the models' own code.
            if (keyIsValue && kvHeads)
                layer.kvHeads = *kvHeads;
        }
        return;
    }
    std::set<std::size_t> seen;
    for (const std::string& key : perLayer->keys()) {
        std::size_t index = layers.size();
        const char* const end = key.data() + key.size();
        const auto parsed = std::from_chars(key.data(), end, index);
        if (parsed.ec != std::errc() || parsed.ptr != end || index >= layers.size()) {
            perLayer->report(std::format("{} is no layer of the {} that {} counts",
                                         perLayer->nameOf(key), layers.size(),
                                         text.nameOf("num_hidden_layers")));
            continue;
        }
        // Written with leading zeros, so that one layer could be named twice.
        if (!seen.insert(index).second)
            perLayer->report(std::format("{} names a layer a second time", perLayer->nameOf(key)));
        Fields layer = perLayer->object(key);
        for (const std::string& name : layer.keys())
            if (name != "head_dim" && name != "num_key_value_heads")
                layer.unsupported(
                    std::format("{} differs from layer to layer", layer.nameOf(name)));
        layers[index].headDim =
            layer.optionalInteger("head_dim", limits::kHeadDim).value_or(layers[index].headDim);
        layers[index].kvHeads = layer.optionalInteger("num_key_value_heads", limits::kHeads)
                                    .value_or(layers[index].kvHeads);
    }
}

/// The last `sharing` layers read the K/V of the last owning layer of their own type, and have
/// MLPs of double width where the file says so (gemma4.md 1.4).
void shareKv(Fields& text, int sharing, bool doubleWide, std::vector<LayerConfig>& layers) {
    const int first = static_cast<int>(layers.size()) - sharing;
    for (int index = 0; index < static_cast<int>(layers.size()); ++index) {
        LayerConfig& layer = layers[static_cast<std::size_t>(index)];
        layer.kvDonor = index;
        if (index < first)
            continue;
        layer.ownsKv = false;
        layer.kvDonor = -1;
        for (int donor = 0; donor < first; ++donor)
            if (layers[static_cast<std::size_t>(donor)].sliding == layer.sliding)
                layer.kvDonor = donor;
        if (layer.kvDonor < 0) {
            text.report(std::format("{} leaves layer {} no owning layer of its type in {}",
                                    text.nameOf("num_kv_shared_layers"), index,
                                    text.nameOf("layer_types")));
            layer.kvDonor = 0;
        }
        const LayerConfig& donor = layers[static_cast<std::size_t>(layer.kvDonor)];
        if (donor.headDim != layer.headDim || donor.kvHeads != layer.kvHeads)
            text.report(
                std::format("layer {} shares the K/V of layer {} and has other head sizes in {}",
                            index, layer.kvDonor, text.nameOf("per_layer_config")));
        if (doubleWide)
            layer.mlpWidth *= 2;
    }
}

void readLayers(Fields& text, ModelConfig& config) {
    const int count = text.integer("num_hidden_layers", limits::kLayers);
    LayerConfig layer;
    layer.kvHeads = text.integer("num_key_value_heads", limits::kHeads);
    layer.headDim = text.integer("head_dim", limits::kHeadDim);
    layer.mlpWidth = text.integer("intermediate_size", limits::kMlpWidth);
    const bool keyIsValue = text.boolean("attention_k_eq_v");
    for (const bool sliding : readLayerTypes(text, count)) {
        layer.sliding = sliding;
        layer.keyIsValue = keyIsValue && !sliding;
        config.layers.push_back(layer);
    }
    readHeadSizes(text, keyIsValue, config.layers);
    const int sharing = text.optionalInteger("num_kv_shared_layers", {0, count - 1}).value_or(0);
    shareKv(text, sharing, text.boolean("use_double_wide_mlp", false), config.layers);
    for (int index = 0; index < count; ++index) {
        const LayerConfig& read = config.layers[static_cast<std::size_t>(index)];
        if (config.heads % read.kvHeads != 0)
            text.report(std::format("{} is {}, which the {} K/V heads of layer {} do not divide",
                                    text.nameOf("num_attention_heads"), config.heads, read.kvHeads,
                                    index));
        if (read.headDim % 2 != 0)
            text.report(std::format("the head size {} of layer {} is odd", read.headDim, index));
    }
}

RotaryConfig readRotary(Fields rope) {
    RotaryConfig rotary;
    rotary.theta = rope.number("rope_theta", 1, 1e12);
    const std::string type = rope.text("rope_type");
    if (type == "proportional")
        rotary.partialFactor = rope.optionalNumber("partial_rotary_factor", 0, 1).value_or(1);
    else if (type != "default")
        rope.unsupported(std::format("{} is \"{}\"", rope.nameOf("rope_type"), type));
    rotary.factor = rope.optionalNumber("factor", 1e-3, 1e3).value_or(1);
    return rotary;
}

void readRotaries(Fields& text, ModelConfig& config) {
    Fields parameters = text.object("rope_parameters");
    config.fullRotary = readRotary(parameters.object(kFull));
    for (const LayerConfig& layer : config.layers)
        if (layer.sliding) {
            config.slidingRotary = readRotary(parameters.object(kSliding));
            break;
        }
}

std::optional<ExpertConfig> readExperts(Fields& text) {
    if (!text.boolean("enable_moe_block", false))
        return std::nullopt;
    ExpertConfig experts;
    experts.count = text.integer("num_experts", limits::kExperts);
    experts.topK = text.integer("top_k_experts", limits::kExperts);
    // Early and third-party files spell the width the second way.
    const char* const width =
        text.has("moe_intermediate_size") || !text.has("expert_intermediate_size")
            ? "moe_intermediate_size"
            : "expert_intermediate_size";
    experts.width = text.integer(width, limits::kExpertWidth);
    if (experts.topK > experts.count)
        text.report(std::format("{} is {} and {} is {}", text.nameOf("top_k_experts"), experts.topK,
                                text.nameOf("num_experts"), experts.count));
    return experts;
}

std::optional<PerLayerInputConfig> readPerLayerInput(Fields& text, const ModelConfig& config) {
    // The unified kind may leave the key out, which means off; the other's class default is 256.
    const Range range = {0, limits::kMlpWidth.high};
    PerLayerInputConfig input;
    input.width = config.modelType == "gemma4_unified"
                      ? text.optionalInteger("hidden_size_per_layer_input", range).value_or(0)
                      : text.integer("hidden_size_per_layer_input", range);
    if (input.width == 0)
        return std::nullopt;
    input.vocabulary = text.integer("vocab_size_per_layer_input", limits::kVocabulary);
    if (input.vocabulary < config.vocabulary)
        text.report(std::format("{} is {}, less than {}, which is {}",
                                text.nameOf("vocab_size_per_layer_input"), input.vocabulary,
                                text.nameOf("vocab_size"), config.vocabulary));
    return input;
}

Bidirectional readBidirectional(Fields& text, const ModelConfig& config) {
    if (!text.names("use_bidirectional_attention"))
        return config.modelType == "gemma4_unified" ? Bidirectional::Vision : Bidirectional::None;
    const std::optional<std::string> value = text.optionalText("use_bidirectional_attention");
    if (value && *value != "vision")
        text.unsupported(
            std::format("{} is \"{}\"", text.nameOf("use_bidirectional_attention"), *value));
    return value ? Bidirectional::Vision : Bidirectional::None;
}

/// What every released model has alike and nothing here computes otherwise.
void checkFixed(Fields& text) {
    const auto differs = [&](const char* key, const char* what) {
        text.unsupported(std::format("{} asks for {}", text.nameOf(key), what));
    };
    if (text.text("hidden_activation") != "gelu_pytorch_tanh" && text.has("hidden_activation"))
        differs("hidden_activation", text.text("hidden_activation").c_str());
    if (text.boolean("attention_bias", false))
        differs("attention_bias", "biases in the attention");
    if (!text.boolean("tie_word_embeddings", true))
        differs("tie_word_embeddings", "a head of its own");
}

} // namespace

void readTextConfig(Fields& text, ModelConfig& config) {
    config.hidden = text.integer("hidden_size", limits::kHidden);
    config.vocabulary = text.integer("vocab_size", limits::kVocabulary);
    config.heads = text.integer("num_attention_heads", limits::kHeads);
    config.maxContextTokens = text.integer("max_position_embeddings", limits::kContext);
    config.slidingWindow = text.integer("sliding_window", limits::kContext);
    config.epsilon = static_cast<float>(text.number("rms_norm_eps", 0, 1));
    if (!text.names("final_logit_softcapping"))
        text.report(std::format("{} is missing", text.nameOf("final_logit_softcapping")));
    config.logitCap =
        static_cast<float>(text.optionalNumber("final_logit_softcapping", 0, 1e6).value_or(0));
    config.bidirectional = readBidirectional(text, config);
    readLayers(text, config);
    readRotaries(text, config);
    config.experts = readExperts(text);
    config.perLayerInput = readPerLayerInput(text, config);
    checkFixed(text);

    const Range token = {0, config.vocabulary - 1};
    config.tokens.pad = text.optionalInteger("pad_token_id", token).value_or(0);
    config.tokens.bos = text.optionalInteger("bos_token_id", token).value_or(config.tokens.bos);
    if (config.eosTokens.empty())
        config.eosTokens = text.integers("eos_token_id", token);
}

} // namespace lapidary::engine
