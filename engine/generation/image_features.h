#pragma once

#include "generation/loaded_model.h"
#include "request.h"

#include <kernels/error.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace lapidary::engine {

/// The soft tokens of a session's images, so that an image is computed once while it is in the
/// conversation. One thread.
class ImageFeatures {
public:
    explicit ImageFeatures(LoadedModel& model) : model_(&model) {}

    /// A hash of the pixels and the budget: what makes two images the same.
    [[nodiscard]] std::uint64_t identity(const std::shared_ptr<const Image>& image, int budget);

    /// The soft tokens of an image, valid until the next call of `keepOnly`.
    ///   DoesNotFit, Unsupported (a shape beyond the model's positions).
    [[nodiscard]] Expected<const SoftTokens*> of(const std::shared_ptr<const Image>& image,
                                                 int budget);

    /// Drops what belongs to other images than these.
    void keepOnly(std::span<const std::uint64_t> identities);

private:
    struct Seen {
        std::shared_ptr<const Image> image;
        int budget = 0;
        std::uint64_t identity = 0;
    };

    LoadedModel* model_;
    std::vector<Seen> seen_; // hashing a photograph again costs 10 ms
    std::map<std::uint64_t, SoftTokens> features_;
};

} // namespace lapidary::engine
