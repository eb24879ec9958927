#pragma once

#include "cache/token_sequence.h"
#include "memory/cache_geometry.h"

#include <kernels/backend.h>
#include <kernels/error.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace lapidary::engine {

/// Keys and values of one context, and the tokens they were computed from. Full layers keep every
/// position, in memory that comes as they grow; sliding ones a ring of window + reserve
/// (memory/cache_geometry.h), which is there from the beginning.
///   Before each step: `rewind` to where the next rows begin, if they replace others, `makeRoom`
///   for them, and `append` their tokens; then the decoder writes their K/V, and meanwhile
///   `growAhead`. One thread.
class KvCache {
public:
    /// Positions that memory is taken for at a time.
    static constexpr int kRoomStep = 256;

    /// Positions beyond the last one that memory is taken for ahead of need: those of 32 steps of
    /// 16 rows, and no model's full layers have more K and V than these (31B: 20).
    static constexpr int kRoomAhead = 512;

    /// DoesNotFit.
    [[nodiscard]] static Expected<KvCache> allocate(kernels::Backend& backend,
                                                    const CacheGeometry& geometry,
                                                    std::int64_t contextTokens, CacheFormat format);

    /// Where layer `l` reads K and V, which is its donor's where it owns none.
    [[nodiscard]] const kernels::KvView& layer(std::size_t l) const { return layers_[l]; }

    [[nodiscard]] int contextTokens() const { return contextTokens_; }

    /// What the device has given until now.
    [[nodiscard]] std::size_t bytes() const;

    /// The positions that there is memory for.
    [[nodiscard]] int room() const;

    /// Takes memory for the first `positions`, in pieces of kRoomStep of them. Nothing moves, and
    /// no bit of a result depends on it. DoesNotFit: what was there stays, and the context goes on
    /// as long as there is room.
    ///   positions  at most contextTokens()
    [[nodiscard]] Expected<void> makeRoom(int positions);

    /// Takes memory for positions to come, so that none of their steps waits for it: for one
    /// layer's K or V a call, 40 µs on an H200, and for all where they are needed soon. To be
    /// called while the device computes, which mapping does not disturb. What is refused here is
    /// tried again by the makeRoom that needs it.
    void growAhead();

    /// The tokens whose K/V are here.
    [[nodiscard]] const TokenSequence& tokens() const { return tokens_; }

    /// How many leading positions of `prompt` need not be computed: the tokens agree, the position
    /// after them finds its whole window in every ring, and at least one position of the prompt is
    /// left to compute. 0 when the rings have moved on: then everything is computed again.
    [[nodiscard]] int reusable(const TokenSequence& prompt) const;

    /// Puts random numbers into the cache and takes it for that of `positions` tokens, to measure
    /// long contexts without computing them. Makes room for them and kRoomAhead more, and
    /// overwrites everything. DoesNotFit, and what the backend reports at `wait`.
    [[nodiscard]] Expected<void> fill(kernels::Backend& backend, int positions);

    /// Forgets the positions from `length` on; `length` is 0 or what `reusable` said or more.
    void rewind(int length);

    /// Forgets the positions from `begin` on after a step that failed, and more where the rings or
    /// an image make it impossible to go on there.
    void discard(int begin);

    /// Takes note of the positions [begin, end) of `prompt`, which the next step writes;
    /// begin is tokens().size(), and there is room.
    void append(const TokenSequence& prompt, int begin, int end);

    /// The same for one token of text.
    void append(std::int32_t id);

private:
    [[nodiscard]] Expected<void*> takeRing(kernels::Backend& backend, std::size_t bytes);
    [[nodiscard]] Expected<void*> takeGrowing(kernels::Backend& backend,
                                              const kernels::Tensor& all);
    [[nodiscard]] bool holdsWindowBefore(int position) const;

    /// K or V of a full layer.
    struct Growing {
        std::unique_ptr<kernels::GrowingMemory> memory;
        std::size_t rowBytes = 0;
    };

    std::vector<kernels::KvView> layers_;
    std::vector<kernels::Buffer> rings_;
    std::vector<Growing> growing_;
    bool growsAhead_ = true; // false from when it is refused until there is room again
    int contextTokens_ = 0;
    int window_ = 0;  // of the sliding layers; 0: there are none
    int ring_ = 0;    // their slots
    int written_ = 0; // one past the highest position that was ever written since the last start
    TokenSequence tokens_;
};

} // namespace lapidary::engine
