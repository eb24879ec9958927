#include "cache/token_sequence.h"

#include <kernels/assert.h>

#include <algorithm>
#include <cstddef>

namespace lapidary::engine {

TokenSequence::TokenSequence(std::span<const std::int32_t> ids, std::int32_t placeholder) {
    for (auto rest = ids.begin(); rest != ids.end();) {
        const auto next =
            std::find_if(rest, ids.end(), [&](std::int32_t id) { return id != placeholder; });
        if (next != rest)
            appendImage(placeholder, static_cast<int>(next - rest), images_.size());
        else
            append(*rest);
        rest = next != rest ? next : rest + 1;
    }
}

void TokenSequence::append(std::span<const std::int32_t> ids) {
    ids_.insert(ids_.end(), ids.begin(), ids.end());
}

void TokenSequence::appendImage(std::int32_t placeholder, int tokens, std::uint64_t identity) {
    images_.push_back({.begin = size(), .end = size() + tokens, .identity = identity});
    ids_.insert(ids_.end(), static_cast<std::size_t>(tokens), placeholder);
}

void TokenSequence::appendFrom(const TokenSequence& other, int begin, int end) {
    const int shift = size() - begin;
    append(other.ids().subspan(static_cast<std::size_t>(begin),
                               static_cast<std::size_t>(end - begin)));
    for (const ImageSpan& image : other.images_) {
        const int from = std::max(image.begin, begin);
        const int to = std::min(image.end, end);
        if (from >= to)
            continue;
        if (from == image.begin)
            images_.push_back(
                {.begin = from + shift, .end = to + shift, .identity = image.identity});
        else
            images_.back().end = to + shift;
    }
}

void TokenSequence::truncate(int length) {
    LAPIDARY_ASSERT(length <= size() && outsideImage(length) == length);
    ids_.resize(static_cast<std::size_t>(length));
    std::erase_if(images_, [length](const ImageSpan& image) { return image.begin >= length; });
}

int TokenSequence::commonPrefix(const TokenSequence& other) const {
    const auto [mine, theirs] = std::ranges::mismatch(ids_, other.ids_);
    int length = static_cast<int>(mine - ids_.begin());
    for (std::size_t i = 0; i < std::max(images_.size(), other.images_.size()); ++i) {
        if (i < images_.size() && i < other.images_.size() && images_[i] == other.images_[i])
            continue;
        if (i < images_.size())
            length = std::min(length, images_[i].begin);
        if (i < other.images_.size())
            length = std::min(length, other.images_[i].begin);
        break;
    }
    return outsideImage(length);
}

int TokenSequence::outsideImage(int position) const {
    for (const ImageSpan& image : images_)
        if (position > image.begin && position < image.end)
            return image.begin;
    return position;
}

} // namespace lapidary::engine
