#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lapidary::engine {

/// The soft tokens of one image in a sequence: positions [begin, end). Two images are the same when
/// their identities are, which are hashes of the pixels and the detail level.
struct ImageSpan {
    int begin = 0;
    int end = 0;
    std::uint64_t identity = 0;

    bool operator==(const ImageSpan&) const = default;
};

/// What a prompt asks for, or what a cache holds: token ids in the order of their positions, and
/// which of them stand for images.
class TokenSequence {
public:
    TokenSequence() = default;

    /// Raw ids in which each stretch of `placeholder` is one image, with the identities 0, 1, 2 …
    TokenSequence(std::span<const std::int32_t> ids, std::int32_t placeholder);

    [[nodiscard]] int size() const { return static_cast<int>(ids_.size()); }
    [[nodiscard]] std::span<const std::int32_t> ids() const { return ids_; }
    [[nodiscard]] std::span<const ImageSpan> images() const { return images_; }

    void append(std::int32_t id) { ids_.push_back(id); }
    void append(std::span<const std::int32_t> ids);

    /// `tokens` soft tokens, each with the placeholder's id.
    void appendImage(std::int32_t placeholder, int tokens, std::uint64_t identity);

    /// The positions [begin, end) of `other`. An image that is cut by `end` is completed by the
    /// call that appends from there on, and equals no other image until then.
    void appendFrom(const TokenSequence& other, int begin, int end);

    /// Keeps the first `length` positions, which do not end inside an image.
    void truncate(int length);

    /// How many leading positions agree with `other`. Never ends inside an image, because its soft
    /// tokens see each other (gemma4.md 5.6).
    [[nodiscard]] int commonPrefix(const TokenSequence& other) const;

    /// `position`, or the begin of the image it lies inside of.
    [[nodiscard]] int outsideImage(int position) const;

private:
    std::vector<std::int32_t> ids_; // [size]
    std::vector<ImageSpan> images_; // by position
};

} // namespace lapidary::engine
