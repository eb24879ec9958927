#pragma once

#include "tokenizer/vocabulary.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// Where a text may be cut before it is encoded, without a change in the result: between two
/// characters that stand side by side in no piece, because no merge can then reach across. In
/// Gemma's vocabulary that is around runs of newlines and before nearly every space. Keeps the
/// neighbours as bits of a hash table; a collision only loses a place to cut.
class CutPoints {
public:
    explicit CutPoints(const Vocabulary& vocabulary);

    /// The length of the first part of `text` (valid UTF-8): to the first cut at or after
    /// `wantedBytes`, or all of it.
    [[nodiscard]] std::size_t firstPart(std::string_view text, std::size_t wantedBytes) const;

private:
    // 2^22 bits: about 2e5 different pairs of neighbours in 262144 pieces fill 5 % of them.
    static constexpr unsigned kBits = 22;

    [[nodiscard]] static std::size_t bitOf(char32_t left, char32_t right);
    std::vector<bool> together_;
};

} // namespace lapidary::engine
