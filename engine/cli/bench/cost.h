#pragma once

#include "checkpoint/checkpoint.h"
#include "recipe.h"

#include <cstdint>

namespace lapidary::cli {

/// What one token of text takes at least, from the configuration alone.
struct Cost {
    double weightBytes = 0; ///< matrices that are read for a token: of the experts the chosen part
    double weightFlops = 0; ///< two for each number of the matrices, without the head
};

[[nodiscard]] Cost tokenCost(const engine::Checkpoint& checkpoint, engine::WeightChoice weights,
                             engine::HeadChoice head = engine::HeadChoice::AsStored);

/// Bytes of K and V that a token reads in a context that holds so many positions.
[[nodiscard]] double cacheBytes(const engine::ModelConfig& config, std::int64_t positions,
                                engine::CacheFormat format);

/// Operations of the attention of a prompt: each position with those it sees.
[[nodiscard]] double attentionFlops(const engine::ModelConfig& config, std::int64_t tokens);

} // namespace lapidary::cli
