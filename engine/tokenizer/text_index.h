#pragma once

#include "tokenizer/vocabulary.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// The ids of pieces by their text: an open hash table, because reading a tokenizer.json asks it a
/// few million times, mostly for texts that are no piece. The vocabulary must outlive it, unchanged
/// in its texts.
class TextIndex {
public:
    explicit TextIndex(const Vocabulary& vocabulary);

    /// The id of the piece, or -1.
    [[nodiscard]] std::int32_t find(std::string_view text) const;

    /// A piece whose text an earlier one has too, or -1.
    [[nodiscard]] std::int32_t duplicate() const { return duplicate_; }

private:
    struct Slot {
        std::uint32_t tag = 0; // other bits of the hash than those that chose the slot
        std::int32_t id = -1;
    };

    /// The slot that holds the text, or the free one where it would be.
    [[nodiscard]] std::size_t slotOf(std::string_view text, std::size_t hash) const;

    const Vocabulary& vocabulary_;
    std::vector<Slot> slots_; // a power of two, at most half full
    std::int32_t duplicate_ = -1;
};

} // namespace lapidary::engine
