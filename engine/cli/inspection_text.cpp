#include "cli/inspection_text.h"

#include "safetensors/tensor_view.h"

#include <algorithm>
#include <format>
#include <map>
#include <ranges>
#include <string_view>
#include <utility>
#include <vector>

namespace lapidary::cli {

using engine::LayerConfig;

namespace {

std::string mebibytes(std::size_t bytes) {
    return std::format("{:.1f}", static_cast<double>(bytes) / (1 << 20));
}

/// 11907350320 → "11,907,350,320"
std::string grouped(std::size_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3; at -= 3)
        digits.insert(at - 3, ",");
    return digits;
}

/// 32768 → "32k"
std::string contextLength(std::int64_t tokens) {
    return tokens % 1024 == 0 ? std::format("{}k", tokens / 1024) : std::to_string(tokens);
}

std::string layerLine(const Inspection& inspection, const LayerConfig& layer) {
    const std::string reach =
        layer.sliding ? std::format("sliding, window {}", inspection.config.slidingWindow) : "full";
    std::string kv = layer.keyIsValue ? ", V is K" : "";
    if (!layer.ownsKv)
        kv += std::format(", reads the K/V of layer {}", layer.kvDonor);
    return std::format("{}; {} heads over {} of {}{}; MLP {}", reach, inspection.config.heads,
                       layer.kvHeads, layer.headDim, kv, layer.mlpWidth);
}

/// Layers that are alike in one line, in the order of their first.
std::string layerText(const Inspection& inspection) {
    std::vector<std::pair<std::string, int>> kinds;
    for (const LayerConfig& layer : inspection.config.layers) {
        const std::string line = layerLine(inspection, layer);
        const auto known = std::ranges::find(kinds, line, &std::pair<std::string, int>::first);
        if (known == kinds.end())
            kinds.emplace_back(line, 1);
        else
            ++known->second;
    }
    std::string text = "\nLayers\n";
    for (const auto& [line, count] : kinds)
        text += std::format("  {:>3} × {}\n", count, line);
    return text;
}

std::string partText(const Inspection& inspection) {
    std::string text = "\nParts                                tensors        parameters\n";
    for (const InspectedPart& part : inspection.parts)
        text +=
            std::format("  {:<34}{:>8}{:>18}\n", part.name, part.tensors, grouped(part.parameters));
    return text;
}

/// "layers.7.mlp" → "layers.*.mlp": every part of a name that is a number becomes a star.
std::string withoutNumbers(std::string_view name) {
    std::string text;
    for (const auto part : std::views::split(name, '.')) {
        const bool number =
            !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
        text += text.empty() ? "" : ".";
        text += number ? "*" : std::string_view(part.begin(), part.end());
    }
    return text;
}

std::string tensorLine(const std::string& name, const std::vector<std::int64_t>& shape,
                       const std::string& type) {
    return std::format("{:<72} {:<5} {}", name, type, engine::describeShape(shape));
}

std::string tensorText(const Inspection& inspection, TensorLines lines) {
    std::string text = "\nTensors\n";
    if (lines == TensorLines::All) {
        for (const InspectedTensor& tensor : inspection.tensors)
            text += std::format("    {} {}\n", tensorLine(tensor.name, tensor.shape, tensor.type),
                                tensor.file);
        return text;
    }
    std::map<std::string, int> kinds;
    for (const InspectedTensor& tensor : inspection.tensors)
        ++kinds[tensorLine(withoutNumbers(tensor.name), tensor.shape, tensor.type)];
    for (const auto& [line, count] : kinds)
        text += std::format("  {:>4} × {}\n", count, line);
    return text;
}

std::string memoryText(const Inspection& inspection) {
    std::string text =
        std::format("\nMemory in MiB, on {} ({})\n", inspection.device.id, inspection.device.name);
    const auto line = [&](std::string_view name, std::size_t bytes) {
        text += std::format("  {:<34}{:>12}\n", name, mebibytes(bytes));
    };
    line("weights", inspection.weights.resident);
    if (const auto& fp8 = inspection.weightsAsFp8;
        fp8 && fp8->resident != inspection.weights.resident)
        line("instead, with weights as FP8", fp8->resident);
    if (inspection.headBytes > 0)
        line("more, with the head in 8 bits", inspection.headBytes);
    if (inspection.weights.mapped > 0)
        line("read from disk, a row a token", inspection.weights.mapped);
    line("activations", inspection.activationBytes);
    line("workspace for an image", inspection.workspaceBytes);
    line("free now", inspection.device.freeBytes);
    text += std::format("  {:<10}{:<8}{:>16}{:>16}{:>16}  {}\n", "context", "cache",
                        "windows alone", "with reserve", "all together", "fits now");
    for (const InspectedCache& cache : inspection.caches) {
        const std::size_t total = inspection.total(cache);
        text +=
            std::format("  {:<10}{:<8}{:>16}{:>16}{:>16}  {}\n", contextLength(cache.contextTokens),
                        nameOf(cache.format), mebibytes(cache.windowBytes), mebibytes(cache.bytes),
                        mebibytes(total), total <= inspection.device.freeBytes ? "yes" : "no");
    }
    return text;
}

} // namespace

std::string inspectionText(const Inspection& inspection, TensorLines lines) {
    const engine::ModelConfig& config = inspection.config;
    std::string text = std::format("{}\n  {}\n", inspection.name, inspection.variant);
    if (!inspection.notice.empty())
        text += std::format("  {}\n", inspection.notice);
    text += std::format("  {} parameters of text", grouped(inspection.textParameters));
    if (inspection.imageParameters > 0)
        text += std::format(", {} of images", grouped(inspection.imageParameters));
    text += std::format("\n  context {} tokens, vocabulary {}\n", config.maxContextTokens,
                        config.vocabulary);
    if (inspection.problem)
        text += std::format("  {}\n  What follows is from config.json alone, with weights in "
                            "BF16.\n",
                            inspection.problem->sentence);
    else
        text += std::format("  weights in {}, {} bytes of files\n", inspection.format,
                            grouped(inspection.fileBytes));
    return text + layerText(inspection) + partText(inspection) + memoryText(inspection)
           + tensorText(inspection, lines);
}

} // namespace lapidary::cli
