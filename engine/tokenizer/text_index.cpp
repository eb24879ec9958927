#include "tokenizer/text_index.h"

#include <bit>
#include <functional>

namespace lapidary::engine {

namespace {

std::size_t hashOf(std::string_view text) {
    return std::hash<std::string_view>{}(text);
}
std::uint32_t tagOf(std::size_t hash) {
    return static_cast<std::uint32_t>(hash >> 32U);
}

} // namespace

TextIndex::TextIndex(const Vocabulary& vocabulary)
    : vocabulary_(vocabulary), slots_(std::bit_ceil(2 * vocabulary.pieces.size() + 2)) {
    for (std::size_t id = 0; id < vocabulary.pieces.size(); ++id) {
        const std::size_t hash = hashOf(vocabulary.pieces[id].text);
        Slot& slot = slots_[slotOf(vocabulary.pieces[id].text, hash)];
        if (slot.id >= 0)
            duplicate_ = static_cast<std::int32_t>(id);
        else
            slot = {.tag = tagOf(hash), .id = static_cast<std::int32_t>(id)};
    }
}

std::int32_t TextIndex::find(std::string_view text) const {
    return slots_[slotOf(text, hashOf(text))].id;
}

std::size_t TextIndex::slotOf(std::string_view text, std::size_t hash) const {
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].id >= 0
           && (slots_[at].tag != tagOf(hash)
               || vocabulary_.pieces[static_cast<std::size_t>(slots_[at].id)].text != text))
        at = (at + 1) & (slots_.size() - 1);
    return at;
}

} // namespace lapidary::engine
