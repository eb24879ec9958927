#include "cli/inspection.h"

#include "checkpoint/tensor_store.h"
#include "memory/refusal.h"

#include <algorithm>
#include <utility>

namespace lapidary::cli {

using engine::CacheFormat;
using engine::Checkpoint;
using engine::TensorPart;
using engine::TensorSpec;

namespace {

constexpr std::array<std::int64_t, 4> kContexts = {8 << 10, 32 << 10, 128 << 10, 256 << 10};
constexpr std::array kFormats = {CacheFormat::BF16, CacheFormat::F32};

/// The usual lengths that the model allows, and its own longest.
std::vector<std::int64_t> contextsUpTo(std::int64_t longest) {
    std::vector<std::int64_t> contexts;
    for (const std::int64_t context : kContexts)
        if (context <= longest)
            contexts.push_back(context);
    if (contexts.empty() || contexts.back() != longest)
        contexts.push_back(longest);
    return contexts;
}

std::string_view nameOf(TensorPart part) {
    switch (part) {
    case TensorPart::Embedding:
        return "embedding (and head)";
    case TensorPart::PerLayerTable:
        return "per-layer embedding table";
    case TensorPart::Attention:
        return "attention";
    case TensorPart::Mlp:
        return "MLP";
    case TensorPart::Experts:
        return "router and experts";
    case TensorPart::Norms:
        return "norms and scalars";
    case TensorPart::PerLayerInput:
        return "per-layer embedding projections";
    case TensorPart::Vision:
        return "images";
    }
    return "";
}

std::vector<InspectedPart> addUpParts(const std::vector<TensorSpec>& specs) {
    std::vector<InspectedPart> parts;
    for (int index = 0; index <= static_cast<int>(TensorPart::Vision); ++index) {
        const auto part = static_cast<TensorPart>(index);
        InspectedPart sum{.name = std::string(nameOf(part))};
        for (const TensorSpec& spec : specs) {
            if (spec.part != part || spec.use == engine::TensorUse::Ignored)
                continue;
            ++sum.tensors;
            sum.parameters += static_cast<std::size_t>(spec.elements());
        }
        if (sum.tensors > 0)
            parts.push_back(std::move(sum));
    }
    return parts;
}

std::vector<InspectedTensor> listStored(const Checkpoint& checkpoint) {
    std::vector<InspectedTensor> tensors;
    for (const auto& [name, stored] : checkpoint.store().tensors())
        tensors.push_back({.name = name,
                           .shape = stored.view.shape,
                           .type = std::string(engine::nameOf(stored.view.type)),
                           .file = stored.fileName,
                           .bytes = stored.view.bytes.size()});
    return tensors;
}

std::vector<InspectedTensor> listImplied(const std::vector<TensorSpec>& specs) {
    std::vector<InspectedTensor> tensors;
    for (const TensorSpec& spec : specs)
        if (spec.use != engine::TensorUse::Ignored)
            tensors.push_back({.name = spec.name,
                               .shape = spec.shape,
                               .type = {},
                               .file = {},
                               .bytes = static_cast<std::size_t>(spec.elements()) * 2});
    return tensors;
}

} // namespace

std::string_view nameOf(CacheFormat format) {
    return format == CacheFormat::F32 ? "f32" : "bf16";
}

Expected<Inspection> Inspection::make(const std::filesystem::path& folder,
                                      const kernels::DeviceDescription& device) {
    Expected<engine::FolderConfig> config = engine::readFolderConfig(folder);
    if (!config)
        return std::unexpected(config.error());
    const Expected<engine::ModelCard> card = engine::readFolderCard(folder);
    if (!card)
        return std::unexpected(card.error());

    Inspection result;
    result.folder = folder;
    result.config = std::move(config->model);
    result.generation = std::move(config->generation);
    result.name = engine::nameForPeople(folder, *card, result.config);
    result.variant = engine::describeVariant(result.config);
    result.notice = card->notice;

    const std::vector<TensorSpec> specs = engine::listTensors(result.config);
    if (const Expected<Checkpoint> checkpoint = Checkpoint::open(folder)) {
        result.format = checkpoint->format();
        result.fileBytes = checkpoint->fileBytes();
        result.tensors = listStored(*checkpoint);
        result.weights = engine::weightBytes(*checkpoint, engine::WeightChoice::AsStored);
        result.weightsAsFp8 = engine::weightBytes(*checkpoint, engine::WeightChoice::Fp8);
    } else {
        result.problem = checkpoint.error();
        result.tensors = listImplied(specs);
        result.weights = engine::weightBytes(result.config);
    }
    result.parts = addUpParts(specs);
    result.textParameters = engine::textParameters(specs);
    result.imageParameters = engine::imageParameters(specs);
    result.device = device;
    result.headBytes = engine::headBytes(result.config, engine::HeadChoice::EightBits, device);
    const std::size_t numberBytes = engine::activationNumberBytes(device);
    result.activationBytes = engine::activationBytes(result.config, numberBytes);
    result.workspaceBytes =
        engine::workspaceBytes(result.config, engine::Recipe{}.imageBudget, numberBytes);
    const engine::CacheGeometry geometry = engine::cacheGeometry(result.config);
    for (const CacheFormat format : kFormats) {
        if (!engine::checkCache(format, device))
            continue;
        for (const std::int64_t context : contextsUpTo(result.config.maxContextTokens))
            result.caches.push_back({.contextTokens = context,
                                     .format = format,
                                     .windowBytes = geometry.windowBytes(context, format),
                                     .bytes = geometry.bytes(context, format)});
    }
    return result;
}

} // namespace lapidary::cli
