#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// The name of gemma4.md section 3 for a tensor as a file calls it: text-only and older multimodal
/// saves have other prefixes, re-saved ones other module names (gemma4.md 3.3, 8.6; formats.md 1).
/// Names that are none of these come back as they are.
[[nodiscard]] std::string canonicalTensorName(std::string_view fileName);

/// A tensor of one expert, in files that keep them apart: ".experts.7.gate_proj.weight".
struct ExpertTensorName {
    std::string stack; ///< of all experts: "….experts.gate_up_proj" or "….experts.down_proj"
    int expert = 0;
    int half = 0; ///< of gate_up_proj: 0 gate, 1 up
};

[[nodiscard]] std::optional<ExpertTensorName> splitExpertName(std::string_view canonicalName);

/// The name of the tensor of one expert: the reverse of splitExpertName.
[[nodiscard]] std::string expertTensorName(const ExpertTensorName& name);

/// How many tensors of one expert make its part of a stack: gate and up, or down.
[[nodiscard]] int expertTensorParts(std::string_view stack);

/// The tensors of all experts of a stack in the order of their rows.
[[nodiscard]] std::vector<std::string> expertTensorNames(const std::string& stack,
                                                         std::int64_t experts);

} // namespace lapidary::engine
