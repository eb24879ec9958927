#include "checkpoint/tensor_names.h"

#include <array>
#include <charconv>
#include <format>

namespace lapidary::engine {

namespace {

struct Rename {
    std::string_view from;
    std::string_view to;
};

/// Of the beginning of a name; the first that fits is taken.
constexpr std::array kPrefixes = {
    Rename{"model.language_model.lm_head.", "lm_head."},
    Rename{"language_model.lm_head.", "lm_head."},
    Rename{"model.lm_head.", "lm_head."},
    Rename{"model.language_model.", "model.language_model."},
    Rename{"language_model.model.", "model.language_model."},
    Rename{"model.embed_vision.multimodal_embedder.", "model.embed_vision."},
    Rename{"model.embed_vision.patch_", "model.vision_embedder.patch_"},
    Rename{"model.embed_vision.pos_", "model.vision_embedder.pos_"},
    Rename{"model.embed_audio.multimodal_embedder.", "model.embed_audio."},
    Rename{"model.embed_tokens", "model.language_model.embed_tokens"},
    Rename{"model.layers.", "model.language_model.layers."},
    Rename{"model.norm.", "model.language_model.norm."},
    Rename{"model.per_layer_", "model.language_model.per_layer_"},
};

/// Parts that older multimodal saves write without "model." in front.
constexpr std::array<std::string_view, 5> kBareParts = {
    "vision_tower.", "vision_embedder.", "embed_vision.", "audio_tower.", "embed_audio."};

/// Inside the name of a layer's tensor.
constexpr std::array kInfixes = {
    Rename{".moe.experts.", ".experts."},
    Rename{".moe.gate_up_proj", ".experts.gate_up_proj"},
    Rename{".moe.down_proj", ".experts.down_proj"},
    Rename{".moe.per_expert_scale", ".router.per_expert_scale"},
};

} // namespace

std::string canonicalTensorName(std::string_view fileName) {
    // torchao 0.14 calls what it kept as it was "NAME:_data".
    if (fileName.ends_with(":_data"))
        fileName.remove_suffix(std::string_view(":_data").size());
    std::string name(fileName);
    for (const std::string_view part : kBareParts)
        if (name.starts_with(part))
            name.insert(0, "model.");
    for (const Rename& prefix : kPrefixes)
        if (name.starts_with(prefix.from)) {
            name.replace(0, prefix.from.size(), prefix.to);
            break;
        }
    for (const Rename& infix : kInfixes)
        if (const std::size_t at = name.find(infix.from); at != std::string::npos)
            name.replace(at, infix.from.size(), infix.to);
    return name;
}

std::optional<ExpertTensorName> splitExpertName(std::string_view canonicalName) {
    constexpr std::string_view kMark = ".experts.";
    const std::size_t at = canonicalName.find(kMark);
    if (at == std::string_view::npos)
        return std::nullopt;
    const std::string_view module = canonicalName.substr(0, at + kMark.size());
    const std::string_view rest = canonicalName.substr(at + kMark.size());
    int expert = -1;
    const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), expert);
    // Only the plain spelling, so that two names never mean one tensor.
    if (parsed.ec != std::errc() || expert < 0 || !rest.starts_with(std::format("{}.", expert)))
        return std::nullopt;
    const std::string_view matrix = rest.substr(std::format("{}.", expert).size());
    if (matrix == "gate_proj.weight" || matrix == "up_proj.weight")
        return ExpertTensorName{.stack = std::format("{}gate_up_proj", module),
                                .expert = expert,
                                .half = matrix == "up_proj.weight" ? 1 : 0};
    if (matrix == "down_proj.weight")
        return ExpertTensorName{.stack = std::format("{}down_proj", module), .expert = expert};
    return std::nullopt;
}

std::string expertTensorName(const ExpertTensorName& name) {
    const std::size_t dot = name.stack.rfind('.') + 1;
    const std::string_view module = std::string_view(name.stack).substr(0, dot);
    const std::string_view matrix = std::string_view(name.stack).substr(dot);
    std::string_view own = "down_proj";
    if (matrix != own)
        own = name.half == 0 ? "gate_proj" : "up_proj";
    return std::format("{}{}.{}.weight", module, name.expert, own);
}

int expertTensorParts(std::string_view stack) {
    return stack.ends_with("gate_up_proj") ? 2 : 1;
}

std::vector<std::string> expertTensorNames(const std::string& stack, std::int64_t experts) {
    std::vector<std::string> names;
    for (int expert = 0; expert < static_cast<int>(experts); ++expert)
        for (int half = 0; half < expertTensorParts(stack); ++half)
            names.push_back(expertTensorName({.stack = stack, .expert = expert, .half = half}));
    return names;
}

} // namespace lapidary::engine
