#pragma once

#include "cache/kv_cache.h"
#include "cache/token_sequence.h"
#include "generation/loaded_model.h"

#include <kernels/backend.h>
#include <kernels/error.h>
#include <kernels/sampling.h>
#include <kernels/tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace lapidary::engine {

/// What is computed of a prompt: the logits that are wanted and who is told.
struct Prefill {
    const TokenSequence& tokens;

    /// The soft tokens of image i of `tokens`; asked for only where they are computed, and valid
    /// until the next step.
    std::function<Expected<const SoftTokens*>(std::size_t)> image;

    /// After each chunk, with the positions that are computed by now; false: stop here.
    std::function<bool(int)> progress;

    /// Takes the logits of every position, [rows, vocabulary] f32, queued on the backend, from
    /// position `begin` on; the whole prompt is then computed anew. Without it the last row's alone
    /// are computed.
    std::function<void(const kernels::Tensor& logits, int begin)> logits;
};

/// One context of a loaded model: its cache, and the two ways to extend it. `prefill` a prompt,
/// then in turn `draw` a token from the last row's logits and `extend` by it; `settle` at the end.
/// After an error what the cache holds is known again, and the logits are nobody's. One thread.
class Context {
public:
    ///   chunk  rows of a prefill step; its ends lie at multiples of it, so that which tokens are
    ///          computed together depends on their positions alone.
    /// DoesNotFit.
    [[nodiscard]] static Expected<Context> open(LoadedModel& model, int contextTokens,
                                                CacheFormat format, int chunk = kPrefillChunk);

    [[nodiscard]] const KvCache& cache() const { return cache_; }

    /// Makes the context hold the prompt: keeps what it can of the cache and computes the rest,
    /// which is at least the last position. False when `progress` said to stop: the cache then
    /// holds the chunks that are done, and the logits are nobody's.
    ///   needs  tokens.size() ≤ cache().contextTokens()
    ///   Unsupported (an image longer than a step), DoesNotFit (the device has no memory for so
    ///   long a context; the cache then holds what it held), DeviceLost.
    [[nodiscard]] Expected<bool> prefill(const Prefill& prefill);

    /// Queues one more token of text. Whether there was memory for it and it could be computed is
    /// told by the next `draw`, `settle` or `prefill`, which forgets it otherwise.
    ///   needs  cache().tokens().size() < cache().contextTokens()
    void extend(std::int32_t id);

    /// Waits for what `extend` queued, where no `draw` follows. Others may use the model then.
    ///   DoesNotFit, DeviceLost.
    [[nodiscard]] Expected<void> settle();

    /// What the newest position says of the next token, [1, vocabulary] f32, queued on the backend;
    /// until `draw`, or a step of another context of the model. Of a model whose head is read in 8
    /// bits they are estimates, but after a prefill whose logits were wanted.
    [[nodiscard]] const kernels::Tensor& logits() const { return last_.logits; }

    /// The token after the last one, drawn with (seed, its position); once a step, because it
    /// changes the logits.
    [[nodiscard]] Expected<std::int32_t> draw(const kernels::Sampling& sampling,
                                              std::span<const std::int32_t> banned);

    /// Takes the cache for that of `positions` tokens, with random numbers in it (KvCache::fill).
    [[nodiscard]] Expected<void> fill(int positions) {
        return cache_.fill(*model_->backend, positions);
    }

    /// Forgets everything.
    void clear() { cache_.rewind(0); }

private:
    Context(LoadedModel& model, KvCache cache, int chunk)
        : model_(&model), cache_(std::move(cache)), chunk_(chunk) {}

    [[nodiscard]] bool imagesSeeAhead() const;
    [[nodiscard]] int chunkEnd(const TokenSequence& tokens, int begin) const;
    [[nodiscard]] Expected<void> computeChunk(const Prefill& prefill, int begin, int end);

    LoadedModel* model_;
    KvCache cache_;
    int chunk_;
    std::optional<int> queuedFrom_; // positions from here on may not be computed yet
    std::optional<Error> refused_;  // why a token could not be queued, and none after it
    kernels::Estimate last_;        // of the newest position, [1, vocabulary]
    std::unique_ptr<kernels::Backend::Recording> recording_; // of `extend`
};

} // namespace lapidary::engine
