#pragma once

#include "tokenizer/tokenizer.h"

#include <cstdint>
#include <string>

namespace lapidary::engine {

/// Writes tokens as text while they come. What is returned is always whole UTF-8 characters: the
/// bytes of an unfinished one are held back, and U+FFFD stands for bytes that can become none.
/// `add` each token in order, then `flush` once; after that it can be used anew. One thread.
class Detokenizer {
public:
    enum class Controls : std::uint8_t { Hidden, Visible };

    /// The tokenizer must outlive it.
    explicit Detokenizer(const Tokenizer& tokenizer, Controls controls = Controls::Hidden)
        : tokenizer_(tokenizer), controls_(controls) {}

    /// The text that is complete with this token. Spaces at the start are real and stay.
    [[nodiscard]] std::string add(TokenId id);

    /// What was held back, as U+FFFD.
    [[nodiscard]] std::string flush();

private:
    const Tokenizer& tokenizer_;
    Controls controls_;
    std::string held_; // the beginning of one character, at most 3 bytes
};

} // namespace lapidary::engine
