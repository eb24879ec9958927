#include "checkpoint/model_config.h"

#include "checkpoint/limits.h"
#include "checkpoint/text_config.h"
#include "checkpoint/vision_config.h"
#include "json/fields.h"
#include "json/parse.h"

#include <nlohmann/json.hpp>

#include <format>
#include <string_view>
#include <vector>

namespace lapidary::engine {

namespace {

constexpr const char* kFile = "config.json";

/// "gemma4" or "gemma4_unified", and whether the file is a bare text config; Unsupported otherwise.
Expected<void> readFamily(Fields& top, ModelConfig& config) {
    const std::string type = top.optionalText("model_type").value_or("");
    if (type.starts_with("gemma4") && type.ends_with("_assistant"))
        return fail(ErrorKind::Unsupported,
                    std::format("{} describes a drafter ({}), which only works beside its model: "
                                "choose the model's folder.",
                                kFile, type));
    config.textOnly = type.ends_with("_text");
    config.modelType = config.textOnly ? type.substr(0, type.size() - 5) : type;
    if (config.modelType == "gemma4" || config.modelType == "gemma4_unified")
        return {};
    if (type.empty())
        return fail(ErrorKind::Corrupt,
                    std::format("{}: model_type is missing: download or restore the file.", kFile));
    return fail(ErrorKind::Unsupported, std::format("{} describes a {} model, and Lapidary runs "
                                                    "the Gemma 4 family: choose a Gemma 4 model.",
                                                    kFile, type));
}

const char* endOfAudioKey(const Fields& top) {
    return top.has("eoa_token_index") ? "eoa_token_index" : "eoa_token_id";
}

void readMediaTokens(Fields& top, MediaTokens& tokens) {
    const auto read = [&](const char* key, std::int32_t& token) {
        token = top.optionalInteger(key, limits::kToken).value_or(token);
    };
    read("boi_token_id", tokens.beginImage);
    read("image_token_id", tokens.image);
    read("eoi_token_id", tokens.endImage);
    read("boa_token_id", tokens.beginAudio);
    read("audio_token_id", tokens.audio);
    read(endOfAudioKey(top), tokens.endAudio);
    read("video_token_id", tokens.video);
}

/// Every special token must be one of the vocabulary. Those of media must differ from all others: a
/// prompt is read for the places where pictures stand.
void checkTokens(Fields& top, const ModelConfig& config) {
    struct Named {
        std::string_view key;
        std::int32_t id;
    };
    const MediaTokens& tokens = config.tokens;
    std::vector<Named> others = {{"pad_token_id", tokens.pad}, {"bos_token_id", tokens.bos}};
    for (const std::int32_t id : config.eosTokens)
        others.push_back({"eos_token_id", id});
    std::vector<Named> media;
    if (config.seesImages())
        media = {{"boi_token_id", tokens.beginImage},
                 {"image_token_id", tokens.image},
                 {"eoi_token_id", tokens.endImage}};
    for (const Named& named :
         {Named{"boa_token_id", tokens.beginAudio}, Named{"audio_token_id", tokens.audio},
          Named{endOfAudioKey(top), tokens.endAudio}, Named{"video_token_id", tokens.video}})
        if (config.seesImages() && top.has(named.key))
            media.push_back(named);

    for (const std::vector<Named>& list : {others, media})
        for (const Named& named : list)
            if (named.id >= config.vocabulary)
                top.report(std::format("{} is {}, and text_config.vocab_size counts {} tokens",
                                       named.key, named.id, config.vocabulary));
    for (const Named& token : media) {
        for (const Named& other : others)
            if (other.id == token.id)
                top.report(std::format("{} and {} are both {}", other.key, token.key, token.id));
        others.push_back(token);
    }
}

void readVision(Fields& top, ModelConfig& config) {
    std::optional<Fields> vision = top.optionalObject("vision_config");
    if (!vision)
        return;
    const std::string type =
        vision->optionalText("model_type").value_or(config.modelType + "_vision");
    if (type == "gemma4_vision")
        config.visionTower = readVisionTower(*vision);
    else if (type == "gemma4_unified_vision")
        config.imageEmbedder = readImageEmbedder(*vision);
    else
        vision->unsupported(std::format("{} is \"{}\"", vision->nameOf("model_type"), type));
}

} // namespace

Expected<ModelConfig> readModelConfig(std::string_view json) {
    const Expected<Json> document = parseJson(json, kFile);
    if (!document)
        return std::unexpected(document.error());
    FieldErrors errors{std::string(kFile)};
    Fields top(*document, "", errors);

    ModelConfig config;
    if (Expected<void> family = readFamily(top, config); !family)
        return std::unexpected(errors.first().value_or(family.error()));
    std::optional<Fields> quantization = top.optionalObject("quantization_config");
    if (config.textOnly) {
        readTextConfig(top, config);
    } else {
        config.eosTokens = top.integers("eos_token_id", limits::kToken);
        Fields text = top.object("text_config");
        if (!quantization)
            quantization = text.optionalObject("quantization_config");
        if (!top.boolean("tie_word_embeddings", true))
            top.unsupported("tie_word_embeddings asks for a head of its own");
        readTextConfig(text, config);
        readMediaTokens(top, config.tokens);
        readVision(top, config);
        config.hasAudio = top.has("audio_config");
    }
    checkTokens(top, config);
    if (quantization)
        config.quantization = readQuantizationConfig(*quantization);
    if (const auto& error = errors.first())
        return std::unexpected(*error);
    return config;
}

} // namespace lapidary::engine
