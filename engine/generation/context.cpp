#include "generation/context.h"

#include <kernels/assert.h>

#include <algorithm>
#include <cstddef>
#include <format>
#include <utility>
#include <vector>

namespace lapidary::engine {

using kernels::Run;
using kernels::Tensor;

Expected<Context> Context::open(LoadedModel& model, int contextTokens, CacheFormat format,
                                int chunk) {
    auto cache =
        KvCache::allocate(*model.backend, cacheGeometry(model.config()), contextTokens, format);
    if (!cache)
        return std::unexpected(cache.error());
    cache->growAhead(); // the first prompt does not wait for it
    return Context(model, std::move(*cache), chunk);
}

Expected<bool> Context::prefill(const Prefill& prefill) {
    const TokenSequence& tokens = prefill.tokens;
    LAPIDARY_ASSERT(tokens.size() > 0 && tokens.size() <= cache_.contextTokens());
    if (imagesSeeAhead())
        for (const ImageSpan& image : tokens.images())
            if (image.end - image.begin > model_->activations.rows)
                return fail(ErrorKind::Unsupported,
                            std::format("An image of {} tokens is longer than the {} that are "
                                        "computed together. Choose a lower image detail.",
                                        image.end - image.begin, model_->activations.rows));

    if (queuedFrom_ || refused_)
        if (auto done = settle(); !done)
            return std::unexpected(done.error());
    if (auto room = cache_.makeRoom(tokens.size()); !room)
        return std::unexpected(room.error());
    cache_.rewind(prefill.logits ? 0 : cache_.reusable(tokens));
    for (int begin = cache_.tokens().size(); begin < tokens.size();) {
        const int end = chunkEnd(tokens, begin);
        if (auto done = computeChunk(prefill, begin, end); !done)
            return std::unexpected(done.error());
        begin = end;
        if (prefill.progress && !prefill.progress(begin))
            return false;
    }
    return true;
}

void Context::extend(std::int32_t id) {
    const int position = cache_.tokens().size();
    if (refused_)
        return;
    if (auto room = cache_.makeRoom(position + 1); !room) {
        refused_ = std::move(room.error());
        return;
    }
    queuedFrom_ = std::min(queuedFrom_.value_or(position), position);
    const std::int32_t ids[] = {id};
    cache_.append(id);
    kernels::Backend& backend = *model_->backend;
    model_->decoder.place(backend, {.ids = ids, .firstPosition = position, .soft = {}, .runs = {}},
                          model_->activations);
    backend.repeat(recording_, position, [&] {
        const Tensor residual =
            model_->decoder.runPlaced(backend, {.rows = 1, .firstPosition = position, .runs = {}},
                                      cache_, model_->activations);
        model_->decoder.estimate(backend, residual, model_->activations);
    });
    last_ = model_->decoder.estimateOf(1, model_->activations);
}

Expected<void> Context::settle() {
    cache_.growAhead(); // the device computes meanwhile
    auto done = model_->backend->wait();
    const int begin = std::exchange(queuedFrom_, std::nullopt).value_or(cache_.tokens().size());
    if (!done) // What the cache holds from `begin` on is not known.
        cache_.discard(std::min(begin, cache_.tokens().size()));
    const std::optional<Error> refused = std::exchange(refused_, std::nullopt);
    return done && refused ? std::unexpected(*refused) : done;
}

Expected<std::int32_t> Context::draw(const kernels::Sampling& sampling,
                                     std::span<const std::int32_t> banned) {
    if (refused_) {
        auto told = settle();
        return std::unexpected(std::move(told.error()));
    }
    const Tensor token = model_->activations.tokens.slice(0, 1);
    model_->backend->sample({
        .logits = last_.logits,
        .sampling = sampling,
        .firstPosition = cache_.tokens().size(),
        .seenTokens = cache_.tokens().ids(),
        .bannedTokens = banned,
        .tokens = token,
        .estimate = &last_,
    });
    std::int32_t id = 0;
    model_->backend->download(token, std::as_writable_bytes(std::span(&id, 1)));
    if (auto done = settle(); !done)
        return std::unexpected(done.error());
    return id;
}

bool Context::imagesSeeAhead() const {
    return model_->config().bidirectional == Bidirectional::Vision;
}

int Context::chunkEnd(const TokenSequence& tokens, int begin) const {
    const int end = std::min((begin / chunk_ + 1) * chunk_, tokens.size());
    if (!imagesSeeAhead())
        return end;
    // An image is computed whole (gemma4.md 5.6): by the chunk that begins with it, or, where it
    // lies across the end of one, by the next.
    for (const ImageSpan& image : tokens.images())
        if (image.begin < end && image.end > end)
            return image.begin > begin ? image.begin : image.end;
    return end;
}

Expected<void> Context::computeChunk(const Prefill& prefill, int begin, int end) {
    const TokenSequence& tokens = prefill.tokens;
    const auto rows = static_cast<std::size_t>(end - begin);
    const auto chunkIds = tokens.ids().subspan(static_cast<std::size_t>(begin), rows);
    std::vector<std::int32_t> ids(chunkIds.begin(), chunkIds.end()); // [rows]
    std::vector<SoftRows> soft;
    std::vector<Run> runs;
    for (std::size_t i = 0; i < tokens.images().size(); ++i) {
        const ImageSpan& image = tokens.images()[i];
        const int from = std::max(begin, image.begin);
        const int to = std::min(end, image.end);
        if (from >= to)
            continue;
        auto features = prefill.image(i);
        if (!features)
            return std::unexpected(features.error());
        const SoftTokens& values = **features;
        LAPIDARY_ASSERT(values.tokens == image.end - image.begin);
        const std::size_t rowBytes = values.values.size() / static_cast<std::size_t>(values.tokens);
        std::fill(ids.begin() + (from - begin), ids.begin() + (to - begin),
                  model_->config().tokens.pad);
        soft.push_back({
            .row = from - begin,
            .rows = to - from,
            .values = std::span(values.values)
                          .subspan(static_cast<std::size_t>(from - image.begin) * rowBytes,
                                   static_cast<std::size_t>(to - from) * rowBytes),
        });
        if (imagesSeeAhead())
            runs.push_back({.begin = image.begin, .end = image.end});
    }

    const bool last = end == tokens.size();
    const std::int64_t answered = last ? 1 : 0;
    const std::int64_t wanted = prefill.logits ? end - begin : answered;
    cache_.append(tokens, begin, end);
    queuedFrom_ = begin;
    const Tensor residual = model_->decoder.run(
        *model_->backend, {.ids = ids, .firstPosition = begin, .soft = soft, .runs = runs}, cache_,
        model_->activations, wanted); // [wanted, hidden]
    if (!prefill.logits && wanted > 0) {
        model_->decoder.estimate(*model_->backend, residual, model_->activations);
        last_ = model_->decoder.estimateOf(1, model_->activations);
        return settle();
    }
    for (std::int64_t row = 0; row < wanted;) {
        const std::int64_t count = std::min(model_->activations.logitRows, wanted - row);
        const Tensor logits = model_->decoder.logits(*model_->backend, residual.slice(row, count),
                                                     model_->activations);
        last_ = {.logits = logits.slice(count - 1, 1)};
        prefill.logits(logits, begin + static_cast<int>(row));
        row += count;
    }
    return settle();
}

} // namespace lapidary::engine
