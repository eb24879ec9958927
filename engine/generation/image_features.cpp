#include "generation/image_features.h"

#include "image/patches.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

namespace lapidary::engine {

namespace {

/// Eight bytes at a time: multiply by an odd constant and fold the high half in, which carries
/// every bit into all others within two words.
std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
    return hash ^ (hash >> 32U);
}

std::uint64_t hashImage(const Image& image, int budget) {
    std::uint64_t hash = mix(mix(mix(1, static_cast<std::uint64_t>(image.width)),
                                 static_cast<std::uint64_t>(image.height)),
                             static_cast<std::uint64_t>(budget));
    const std::vector<std::uint8_t>& bytes = image.rgb;
    for (std::size_t i = 0; i < bytes.size(); i += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, &bytes[i], std::min(sizeof(word), bytes.size() - i));
        hash = mix(hash, word);
    }
    return hash;
}

} // namespace

std::uint64_t ImageFeatures::identity(const std::shared_ptr<const Image>& image, int budget) {
    for (const Seen& seen : seen_)
        if (seen.image == image && seen.budget == budget)
            return seen.identity;
    const std::uint64_t identity = hashImage(*image, budget);
    seen_.push_back({.image = image, .budget = budget, .identity = identity});
    return identity;
}

Expected<const SoftTokens*> ImageFeatures::of(const std::shared_ptr<const Image>& image,
                                              int budget) {
    const std::uint64_t key = identity(image, budget);
    if (const auto known = features_.find(key); known != features_.end())
        return &known->second;
    const ImageEncoder& encoder = *model_->images;
    auto soft = encoder.encode(*model_->backend, cutPatches(*image, budget, encoder.patchSide()));
    if (!soft)
        return std::unexpected(soft.error());
    return &features_.emplace(key, std::move(*soft)).first->second;
}

void ImageFeatures::keepOnly(std::span<const std::uint64_t> identities) {
    const auto wanted = [identities](std::uint64_t identity) {
        return std::ranges::find(identities, identity) != identities.end();
    };
    std::erase_if(seen_, [&](const Seen& seen) { return !wanted(seen.identity); });
    std::erase_if(features_, [&](const auto& entry) { return !wanted(entry.first); });
}

} // namespace lapidary::engine
