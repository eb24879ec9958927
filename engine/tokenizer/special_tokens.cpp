#include "tokenizer/special_tokens.h"

#include <algorithm>

namespace lapidary::engine {

namespace {

// In the order of Special.
constexpr std::array<std::string_view, kSpecialCount> kNames{
    "<pad>",
    "<eos>",
    "<bos>",
    "<unk>",
    "<mask>",
    "<|tool>",
    "<tool|>",
    "<|tool_call>",
    "<tool_call|>",
    "<|tool_response>",
    "<tool_response|>",
    "<|\"|>",
    "<|think|>",
    "<|channel>",
    "<channel|>",
    "<|turn>",
    "<turn|>",
    "<|image>",
    "<image|>",
    "<|audio>",
    "<audio|>",
    "<|image|>",
    "<|audio|>",
    "<|video|>",
};

} // namespace

std::string_view specialName(Special special) {
    return kNames[static_cast<std::size_t>(special)];
}

std::optional<Special> specialNamed(std::string_view name) {
    const auto* const found = std::ranges::find(kNames, name);
    if (found == kNames.end())
        return std::nullopt;
    return static_cast<Special>(found - kNames.begin());
}

std::optional<Special> SpecialTokens::kind(TokenId id) const {
    if (id == kNoToken)
        return std::nullopt;
    const auto* const found = std::ranges::find(ids_, id);
    if (found == ids_.end())
        return std::nullopt;
    return static_cast<Special>(found - ids_.begin());
}

} // namespace lapidary::engine
