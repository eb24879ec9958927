#pragma once

#include "checkpoint/model_config.h"
#include "recipe.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lapidary::engine {

/// Rows of a prefill chunk: long enough that every weight is read for many rows, short enough that
/// a cancel takes effect soon. A run of image tokens is never split, so a chunk that holds one may
/// be longer, up to kLongestImageRun.
inline constexpr int kPrefillChunk = 1024;
inline constexpr int kLongestImageRun = 1120;

/// Slots that the ring of a sliding layer keeps beyond its window W. With W + R slots
///   - a chunk of C ≤ R + 1 rows can be stored before it attends: its first row still finds the
///     W − 1 positions before it;
///   - a rewind by r ≤ R positions (a rejected draft, a regenerated answer, the thought that the
///     next turn's prompt drops; gemma4.md 7.6) finds the whole window in front of it.
/// The two never happen at once, so the larger sets R: most turns, thought and answer, are shorter
/// than 2048 tokens, and the longest chunk is 1120. Longer rewinds are computed again.
inline constexpr int kRingReserve = 2048;
static_assert(kRingReserve >= kLongestImageRun && kRingReserve >= kPrefillChunk);

/// Rings are of whole blocks of slots, because Hopper's attention reads keys in boxes of so many,
/// none of which goes over the end of a ring. Otherwise a context's length would choose the kernel.
inline constexpr int kRingBlock = 64;

/// The cache of one layer.
struct LayerCacheGeometry {
    bool owns = true; ///< false: reads the cache of `donor` and has none
    int donor = 0;    ///< itself when it owns
    int kvHeads = 0;
    int headDim = 0;
    int window = 0; ///< 0: keeps every position

    /// Slots for a context: its positions, or those of a ring, min(context, window + kRingReserve)
    /// in whole blocks. Position p lives in slot p mod capacity.
    [[nodiscard]] std::int64_t capacity(std::int64_t contextTokens) const;

    /// Numbers kept for one position: K and V of every head.
    [[nodiscard]] std::int64_t numbersPerPosition() const { return 2LL * kvHeads * headDim; }
};

/// The caches of all layers, one entry a layer: what a session allocates as it grows and the plan
/// counts.
struct CacheGeometry {
    std::vector<LayerCacheGeometry> layers;

    /// What a session allocates once its context is full.
    [[nodiscard]] std::size_t bytes(std::int64_t contextTokens, CacheFormat format) const;

    /// The same without the reserve of the rings: the table of gemma4.md section 4.
    [[nodiscard]] std::size_t windowBytes(std::int64_t contextTokens, CacheFormat format) const;
};

[[nodiscard]] CacheGeometry cacheGeometry(const ModelConfig& config);

/// Rows of the longest step: a chunk, or a run of image tokens whose rows see each other.
[[nodiscard]] int longestChunk(const ModelConfig& config);

/// Bytes of one cached number.
[[nodiscard]] constexpr std::size_t sizeOf(CacheFormat format) {
    return format == CacheFormat::F32 ? 4 : 2;
}

} // namespace lapidary::engine
