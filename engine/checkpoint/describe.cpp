#include "checkpoint/describe.h"

#include "checkpoint/checkpoint.h"
#include "file/text_file.h"
#include "json/fields.h"
#include "json/parse.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <format>

namespace lapidary::engine {

namespace {

/// Shapes that tell the released models apart.
struct Released {
    std::string_view name;
    std::string_view modelType;
    int layers;
    int hidden;
    int mlpWidth; ///< of the first layer
};

constexpr std::array kReleased = {
    Released{"Gemma 4 E2B", "gemma4", 35, 1536, 6144},
    Released{"Gemma 4 E4B", "gemma4", 42, 2560, 10240},
    Released{"Gemma 4 12B", "gemma4_unified", 48, 3840, 15360},
    Released{"Gemma 4 26B-A4B", "gemma4", 30, 2816, 2112},
    Released{"Gemma 4 31B", "gemma4", 60, 5376, 21504},
};

constexpr const char* kCard = "lapidary.json";
constexpr std::size_t kLargestCard = 64 << 10;

} // namespace

Expected<ModelCard> readModelCard(std::string_view json) {
    const Expected<Json> document = parseJson(json, kCard, {.depth = 4, .values = 1000});
    if (!document)
        return std::unexpected(document.error());
    FieldErrors errors{std::string(kCard)};
    Fields top(*document, "", errors);
    ModelCard card{.name = top.optionalText("name").value_or(""),
                   .notice = top.optionalText("notice").value_or("")};
    if (const auto& error = errors.first())
        return std::unexpected(*error);
    return card;
}

Expected<ModelCard> readFolderCard(const std::filesystem::path& folder) {
    const Expected<std::string> text = readTextFile(folder / kCard, kLargestCard);
    if (!text && text.error().kind == ErrorKind::NotFound)
        return ModelCard{};
    if (!text)
        return std::unexpected(text.error());
    return readModelCard(*text);
}

std::optional<std::string> releasedName(const ModelConfig& config) {
    for (const Released& released : kReleased)
        if (released.modelType == config.modelType && released.layers == config.layerCount()
            && released.hidden == config.hidden
            && released.mlpWidth == config.layers.front().mlpWidth)
            return std::string(released.name);
    return std::nullopt;
}

std::string describeVariant(const ModelConfig& config) {
    const auto sliding = std::ranges::count_if(config.layers, &LayerConfig::sliding);
    const auto sharing =
        std::ranges::count_if(config.layers, [](const LayerConfig& l) { return !l.ownsKv; });
    std::string text =
        std::format("{}: {} layers ({} sliding, {} full) of width {}", config.modelType,
                    config.layerCount(), sliding, config.layerCount() - sliding, config.hidden);
    if (config.experts)
        text += std::format(", {} of {} experts a token beside a dense MLP", config.experts->topK,
                            config.experts->count);
    if (config.perLayerInput)
        text += ", per-layer embeddings";
    if (sharing > 0)
        text += std::format(", {} layers share K/V", sharing);
    if (std::ranges::any_of(config.layers, &LayerConfig::keyIsValue))
        text += ", K = V in full layers";
    if (config.visionTower)
        text += std::format(", images through a tower of {} layers", config.visionTower->layers);
    if (config.imageEmbedder)
        text += ", images without an encoder";
    if (config.hasAudio)
        text += ", audio that Lapidary does not run yet";
    return text;
}

std::string nameForPeople(const std::filesystem::path& folder, const ModelCard& card,
                          const ModelConfig& config) {
    if (!card.name.empty())
        return card.name;
    // A path that ends in a slash has an empty last name.
    const std::filesystem::path plain = folder.lexically_normal();
    const std::string own =
        plain.has_filename() ? plain.filename().string() : plain.parent_path().filename().string();
    return releasedName(config).value_or(own);
}

ModelDescription describeCheckpoint(const Checkpoint& checkpoint, const ModelCard& card) {
    const ModelConfig& config = checkpoint.config();
    ModelDescription description;
    description.folder = checkpoint.folder();
    description.name = nameForPeople(checkpoint.folder(), card, config);
    description.variant = describeVariant(config);
    description.format = checkpoint.format();
    description.fileBytes = checkpoint.fileBytes();
    description.parameters = textParameters(checkpoint.specs());
    description.maxContextTokens = config.maxContextTokens;
    description.seesImages = config.seesImages();
    description.sampling = checkpoint.generation().sampling;
    description.notice = card.notice;
    return description;
}

Expected<ModelDescription> describeModel(const std::filesystem::path& folder) {
    const Expected<Checkpoint> checkpoint = Checkpoint::open(folder);
    if (!checkpoint)
        return std::unexpected(checkpoint.error());
    const Expected<ModelCard> card = readFolderCard(folder);
    if (!card)
        return std::unexpected(card.error());
    return describeCheckpoint(*checkpoint, *card);
}

} // namespace lapidary::engine
