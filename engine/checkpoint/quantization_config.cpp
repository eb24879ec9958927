#include "checkpoint/quantization_config.h"

#include "json/fields.h"

#include <format>
#include <optional>

namespace lapidary::engine {

namespace {

/// One scheme of a compressed-tensors checkpoint; `unread` as in QuantizationConfig.
struct Scheme {
    std::string unread;
    bool quantisedInput = false;
};

std::string strategyOf(Fields& args) {
    if (const auto strategy = args.optionalText("strategy"))
        return *strategy;
    const auto group = args.optionalInteger("group_size", {-1, 1 << 20});
    if (!group)
        return "tensor";
    return *group == -1 ? "channel" : "group";
}

bool isFp8(Fields& args) {
    return args.optionalText("type").value_or("int") == "float"
           && args.optionalInteger("num_bits", {1, 64}).value_or(8) == 8;
}

Scheme readScheme(Fields& group) {
    Fields weights = group.object("weights");
    if (!isFp8(weights))
        return {.unread = "compressed-tensors, and not in FP8"};
    const std::string strategy = strategyOf(weights);
    if (strategy == "block")
        return {.unread = "FP8_BLOCK"};
    if (strategy != "channel" && strategy != "tensor")
        return {.unread = std::format("FP8 by {}", strategy)};
    std::optional<Fields> input = group.optionalObject("input_activations");
    if (!input)
        return {};
    if (!isFp8(*input))
        return {.unread = "FP8 with activations of another format"};
    if (!input->boolean("dynamic", false))
        return {.unread = "FP8 with static input scales"};
    return {.unread = {}, .quantisedInput = true};
}

/// All groups must say the same: which tensor belongs to which is not asked.
Scheme readSchemes(Fields& groups) {
    std::optional<Scheme> all;
    for (const std::string& key : groups.keys()) {
        Scheme scheme;
        if (groups.isList(key)) { // the name of a preset
            scheme.quantisedInput = key == "FP8_DYNAMIC";
            scheme.unread = scheme.quantisedInput ? "" : std::format("compressed-tensors {}", key);
        } else {
            Fields group = groups.object(key);
            scheme = readScheme(group);
        }
        if (!scheme.unread.empty())
            return scheme;
        if (all && all->quantisedInput != scheme.quantisedInput)
            return {.unread = "compressed-tensors in several schemes"};
        all = scheme;
    }
    return all.value_or(Scheme{.unread = "compressed-tensors"});
}

bool isEmpty(Fields& fields, const char* key) {
    const std::optional<Fields> object = fields.optionalObject(key);
    return !object || object->keys().empty();
}

Scheme readCompressedTensors(Fields& fields) {
    const std::string format = fields.optionalText("format").value_or("");
    if (format.empty())
        return {.unread = "compressed-tensors"};
    if (format != "float-quantized" && format != "naive-quantized")
        return {.unread = std::format("compressed-tensors {}", format)};
    if (fields.optionalText("quantization_status").value_or("compressed") != "compressed")
        return {.unread = "compressed-tensors, but not compressed"};
    if (!isEmpty(fields, "sparsity_config") || !isEmpty(fields, "transform_config"))
        return {.unread = "compressed-tensors with sparsity or transforms"};
    Fields groups = fields.object("config_groups");
    return readSchemes(groups);
}

} // namespace

QuantizationConfig readQuantizationConfig(Fields& fields) {
    QuantizationConfig config;
    config.method = fields.text("quant_method");
    if (config.method == "compressed-tensors") {
        Scheme scheme = readCompressedTensors(fields);
        config.unread = std::move(scheme.unread);
        config.quantisedInput = scheme.quantisedInput;
    }
    return config;
}

} // namespace lapidary::engine
