#pragma once

#include "chat/template.h"

#include <optional>
#include <string_view>

namespace lapidary::engine {

/// Collects the pieces of a prompt, joins texts that touch, and remembers the first control token
/// that the vocabulary lacks.
class PromptWriter {
public:
    explicit PromptWriter(const SpecialTokens& special) : special_(special) {}

    PromptWriter& control(Special special);
    PromptWriter& text(std::string_view text);
    PromptWriter& tokens(std::span<const TokenId> ids);
    PromptWriter& image(const ImagePart& part);

    /// A string of a declaration, call or response: any text between two quote tokens.
    PromptWriter& quoted(std::string_view text);

    [[nodiscard]] std::size_t size() const { return pieces_.size(); }
    [[nodiscard]] std::optional<Special> missing() const { return missing_; }
    [[nodiscard]] std::vector<PromptPiece> take() { return std::move(pieces_); }

private:
    void need(Special special);

    const SpecialTokens& special_;
    std::vector<PromptPiece> pieces_;
    std::optional<Special> missing_;
};

} // namespace lapidary::engine
