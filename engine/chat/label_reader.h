#pragma once

#include "tokenizer/special_tokens.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// The text after a tag until it is known whether it begins with the tag's label: the word, perhaps
/// blanks, and a newline. `add` as text comes and `find` after it; `take` when it is known.
class LabelReader {
public:
    enum class Found : std::uint8_t { No, Maybe, Yes };

    /// `id` is the token that the text comes from, kNoToken when it is none.
    void add(std::string_view text, TokenId id);

    /// Whether the text begins with the label; if so, that leaves it, and its tokens with it.
    [[nodiscard]] Found find(std::string_view word);

    [[nodiscard]] const std::string& text() const { return held_.text; }
    /// It was the label after all.
    void dropText() { held_.text.clear(); }

    /// What is no label, and where it comes from.
    struct Held {
        std::string text;
        std::vector<TokenId> ids;
    };
    [[nodiscard]] Held take();

private:
    Held held_;
};

} // namespace lapidary::engine
