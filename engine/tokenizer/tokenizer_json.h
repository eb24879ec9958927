#pragma once

#include "tokenizer/vocabulary.h"

#include <kernels/error.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// What a Hugging Face tokenizer.json says, in its own words and not yet believed.
struct TokenizerJson {
    struct Entry {
        std::string text;
        std::int64_t id = -1;
    };
    struct AddedToken {
        std::string text;
        std::int64_t id = -1;
        bool special = false;
    };
    /// Two neighbours that merge: left and right stand one after the other in `mergeTexts`.
    struct Merge {
        std::uint32_t begin = 0;
        std::uint16_t leftBytes = 0;
        std::uint16_t rightBytes = 0;
    };

    std::vector<Entry> vocabulary;
    std::vector<AddedToken> addedTokens;
    std::vector<Merge> merges; ///< the best first
    std::string mergeTexts;

    /// All other strings, numbers and booleans by path: "normalizer.pattern.String" → " ".
    std::map<std::string, std::string> settings;

    [[nodiscard]] std::string_view left(const Merge& merge) const {
        return std::string_view(mergeTexts).substr(merge.begin, merge.leftBytes);
    }
    [[nodiscard]] std::string_view right(const Merge& merge) const {
        return std::string_view(mergeTexts).substr(merge.begin + merge.leftBytes, merge.rightBytes);
    }
    [[nodiscard]] std::string_view joined(const Merge& merge) const {
        return std::string_view(mergeTexts)
            .substr(merge.begin, std::size_t{merge.leftBytes} + merge.rightBytes);
    }
};

/// Reads the file in one pass, without a tree of it in memory. Corrupt.
[[nodiscard]] Expected<TokenizerJson> parseTokenizerJson(std::string_view bytes);

/// Turns it into a vocabulary whose scores give the same tokens as its merges do (gemma4.md 6.4).
/// Corrupt (it contradicts itself), Unsupported (another kind of tokenizer than Gemma's).
[[nodiscard]] Expected<Vocabulary> vocabularyOf(const TokenizerJson& json);

} // namespace lapidary::engine
