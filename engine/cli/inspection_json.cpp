#include "cli/inspection_json.h"

#include <nlohmann/json.hpp>

namespace lapidary::cli {

using OrderedJson = nlohmann::ordered_json;

namespace {

OrderedJson layerJson(const engine::ModelConfig& config) {
    OrderedJson layers = OrderedJson::array();
    for (const engine::LayerConfig& layer : config.layers) {
        OrderedJson entry = {
            {"type", layer.sliding ? "sliding" : "full"},
            {"heads", config.heads},
            {"kvHeads", layer.kvHeads},
            {"headDim", layer.headDim},
            {"keyIsValue", layer.keyIsValue},
            {"mlpWidth", layer.mlpWidth},
        };
        if (!layer.ownsKv)
            entry["readsKvOfLayer"] = layer.kvDonor;
        layers.push_back(std::move(entry));
    }
    return layers;
}

OrderedJson tensorJson(const Inspection& inspection) {
    OrderedJson tensors = OrderedJson::array();
    for (const InspectedTensor& tensor : inspection.tensors) {
        OrderedJson entry = {{"name", tensor.name}, {"shape", tensor.shape}};
        if (!tensor.type.empty()) {
            entry["type"] = tensor.type;
            entry["file"] = tensor.file;
            entry["bytes"] = tensor.bytes;
        }
        tensors.push_back(std::move(entry));
    }
    return tensors;
}

OrderedJson memoryJson(const Inspection& inspection) {
    OrderedJson contexts = OrderedJson::array();
    for (const InspectedCache& cache : inspection.caches)
        contexts.push_back({{"contextTokens", cache.contextTokens},
                            {"cacheFormat", nameOf(cache.format)},
                            {"windowBytes", cache.windowBytes},
                            {"cacheBytes", cache.bytes},
                            {"totalBytes", inspection.total(cache)}});
    return {{"device", inspection.device.id},
            {"freeBytes", inspection.device.freeBytes},
            {"weightBytes", inspection.weights.resident},
            {"headBytesIn8Bits", inspection.headBytes},
            {"weightBytesAsFp8", inspection.weightsAsFp8
                                     ? OrderedJson(inspection.weightsAsFp8->resident)
                                     : OrderedJson(nullptr)},
            {"mappedTableBytes", inspection.weights.mapped},
            {"activationBytes", inspection.activationBytes},
            {"workspaceBytes", inspection.workspaceBytes},
            {"caches", std::move(contexts)}};
}

} // namespace

std::string inspectionJson(const Inspection& inspection) {
    const engine::ModelConfig& config = inspection.config;
    OrderedJson parts = OrderedJson::array();
    for (const InspectedPart& part : inspection.parts)
        parts.push_back(
            {{"name", part.name}, {"tensors", part.tensors}, {"parameters", part.parameters}});
    OrderedJson json = {
        {"name", inspection.name},
        {"folder", inspection.folder.string()},
        {"variant", inspection.variant},
        {"notice", inspection.notice},
        {"modelType", config.modelType},
        {"textOnly", config.textOnly},
        {"seesImages", config.seesImages()},
        {"hasAudio", config.hasAudio},
        {"format", inspection.format},
        {"fileBytes", inspection.fileBytes},
        {"textParameters", inspection.textParameters},
        {"imageParameters", inspection.imageParameters},
        {"maxContextTokens", config.maxContextTokens},
        {"vocabulary", config.vocabulary},
        {"hidden", config.hidden},
        {"slidingWindow", config.slidingWindow},
        {"logitCap", config.logitCap},
        {"eosTokens", inspection.generation.eosTokens},
        {"layers", layerJson(config)},
        {"parts", std::move(parts)},
        {"memory", memoryJson(inspection)},
        {"tensors", tensorJson(inspection)},
    };
    if (inspection.problem)
        json["problem"] = inspection.problem->sentence;
    // Names may come from a path, which is any bytes.
    return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace);
}

} // namespace lapidary::cli
