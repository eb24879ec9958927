#include "checkpoint/fp8_tensors.h"
#include "checkpoint/tensor_names.h"
#include "checkpoint/weight_reader.h"
#include "json/fields.h"
#include "json/parse.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <format>

namespace lapidary::engine {

namespace {

constexpr const char* kNames = "tensor_names";
constexpr JsonLimits kLimits = {.depth = 16, .values = 1000};

/// What the metadata of one tensor says of it.
struct Description {
    bool isPlain = false;
    bool quantisedInput = false;
};

std::unexpected<Error> corrupt(const std::string& what, const std::string& file) {
    return fail(ErrorKind::Corrupt,
                std::format("{} in {}: download the model's weights again.", what, file));
}

Expected<Description> readDescription(const std::string& name, const std::string& text) {
    const std::string document = std::format("The description of {}", name);
    const Expected<Json> parsed = parseJson(text, document, kLimits);
    if (!parsed)
        return std::unexpected(parsed.error());
    FieldErrors errors(document);
    Fields top(*parsed, "", errors);
    const std::string type = top.text("_type");
    Description result;
    result.isPlain = type == "Tensor";
    if (!result.isPlain && type != "Float8Tensor" && !errors.first())
        return failToRead(std::format("torchao {}", type));
    if (!result.isPlain) {
        Fields data = top.object("_data");
        if (std::optional<Fields> input = data.optionalObject("act_quant_kwargs")) {
            Fields how = input->object("_data");
            for (const char* bound : {"hp_value_lb", "hp_value_ub"})
                if (how.has(bound))
                    return failToRead("torchao FP8 with bounded activations");
            result.quantisedInput = true;
        }
    }
    if (const auto& error = errors.first())
        return std::unexpected(*error);
    return result;
}

Expected<std::vector<std::string>> readNames(const std::string& text, const std::string& file) {
    const Expected<Json> list = parseJson(text, file, {.depth = 1, .values = 1U << 20U});
    if (!list)
        return std::unexpected(list.error());
    const bool isList = list->is_array() && std::ranges::all_of(*list, [](const Json& entry) {
                            return entry.is_string();
                        });
    if (!isList)
        return corrupt("tensor_names is not a list of names", file);
    return list->get<std::vector<std::string>>();
}

/// The tensor that holds a part of a quantised one: "M._weight_qdata", or "M.weight:qdata" as
/// torchao 0.14 has it.
const StoredTensor* findPart(const TensorStore& store, const std::string& name, const char* part) {
    const std::size_t leaf = name.rfind('.') + 1;
    const std::string now = std::format("{}_{}_{}", name.substr(0, leaf), name.substr(leaf), part);
    const StoredTensor* const stored = store.find(canonicalTensorName(now));
    return stored != nullptr ? stored
                             : store.find(canonicalTensorName(std::format("{}:{}", name, part)));
}

Expected<void> addFile(const TensorStore& store, const SafetensorsFile& file, Fp8Tensors& found) {
    const std::string fileName = file.path().filename().string();
    const auto list = file.metadata().find(kNames);
    if (list == file.metadata().end())
        return {};
    const Expected<std::vector<std::string>> names = readNames(list->second, fileName);
    if (!names)
        return std::unexpected(names.error());
    for (const std::string& name : *names) {
        const auto text = file.metadata().find(name);
        if (text == file.metadata().end())
            return corrupt(std::format("The tensor {} is not described", name), fileName);
        const Expected<Description> description = readDescription(name, text->second);
        if (!description)
            return std::unexpected(description.error());
        if (description->isPlain)
            continue;
        const Fp8Tensor tensor{.codes = findPart(store, name, "qdata"),
                               .scales = findPart(store, name, "scale"),
                               .quantisedInput = description->quantisedInput};
        if (tensor.codes == nullptr || tensor.scales == nullptr)
            return corrupt(std::format("The {} of the tensor {} are missing",
                                       tensor.codes == nullptr ? "numbers" : "scales", name),
                           fileName);
        // Shards repeat what all of them hold.
        const auto [place, isNew] = found.emplace(canonicalTensorName(name), tensor);
        if (!isNew && place->second.quantisedInput != tensor.quantisedInput)
            return corrupt(std::format("The tensor {} is described in two ways", name), fileName);
    }
    return {};
}

} // namespace

Expected<Fp8Tensors> findTorchao(const TensorStore& store) {
    Fp8Tensors found;
    for (const SafetensorsFile& file : store.files())
        if (Expected<void> added = addFile(store, file, found); !added)
            return std::unexpected(added.error());
    for (const auto& [name, stored] : store.tensors()) {
        const bool isPart = name.ends_with("_qdata") || name.ends_with(":qdata");
        const auto isIt = [&](const auto& entry) { return entry.second.codes == &stored; };
        if (isPart && std::ranges::none_of(found, isIt))
            return corrupt(std::format("The tensor {} is not described", stored.ownName),
                           stored.fileName);
    }
    return found;
}

} // namespace lapidary::engine
