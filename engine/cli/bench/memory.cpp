#include "cli/bench/memory.h"

#include "cache/kv_cache.h"
#include "generation/context.h"
#include "memory/cache_geometry.h"
#include "memory/footprint.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace lapidary::cli {

using namespace engine;

namespace {

constexpr int kDecoded = 8; ///< a step is recorded with its second token

/// Milliseconds of every step of a cache that grows to the whole context.
Expected<std::vector<double>> timeGrowth(LoadedModel& model, int contextTokens,
                                         CacheFormat format) {
    auto cache =
        KvCache::allocate(*model.backend, cacheGeometry(model.config()), contextTokens, format);
    if (!cache)
        return std::unexpected(cache.error());
    std::vector<double> times;
    for (int room = 0; room < contextTokens;) {
        room = std::min(room + KvCache::kRoomStep, contextTokens);
        const auto start = std::chrono::steady_clock::now();
        if (auto grown = cache->makeRoom(room); !grown)
            return std::unexpected(grown.error());
        const std::chrono::duration<double, std::milli> time =
            std::chrono::steady_clock::now() - start;
        times.push_back(time.count());
    }
    return times;
}

/// Everything that comes with a first time: a whole chunk, a recorded step, a full context.
Expected<void> useWhole(Context& context, int contextTokens) {
    const int decoded = std::min(kDecoded, contextTokens - 1);
    const int read = std::min(contextTokens - decoded, 2 * kPrefillChunk);
    TokenSequence prompt;
    prompt.append(std::vector<std::int32_t>(static_cast<std::size_t>(read), 0));
    const auto done =
        context.prefill({.tokens = prompt, .image = {}, .progress = {}, .logits = {}});
    if (!done)
        return std::unexpected(done.error());
    if (auto filled = context.fill(contextTokens - decoded); !filled)
        return filled;
    for (int i = 0; i < decoded; ++i) {
        context.extend(0);
        if (auto drawn = context.draw({.temperature = 0}, {}); !drawn)
            return std::unexpected(drawn.error());
    }
    return context.settle();
}

} // namespace

Expected<MemoryUse> measureMemory(LoadedModel& model, const Scenario& scenario,
                                  const FreeMemory& free, const BenchSettings& settings) {
    const int contextTokens = scenario.tokens;
    auto times = timeGrowth(model, contextTokens, settings.cache);
    if (!times)
        return std::unexpected(times.error());
    auto context = Context::open(model, contextTokens, settings.cache);
    if (!context)
        return std::unexpected(context.error());
    if (auto used = useWhole(*context, contextTokens); !used)
        return std::unexpected(used.error());
    Recipe recipe;
    recipe.head = settings.head;
    recipe.cache = settings.cache;
    recipe.contextTokens = contextTokens;
    const kernels::DeviceDescription device = model.backend->describe();
    const WeightBytes weights =
        weightBytes(model.checkpoint, settings.weights, activationNumberBytes(device));
    MemoryUse use{.name = scenario.name,
                  .planned = makePlan(model.config(), weights, recipe, device),
                  .usedBytes = free.opened - std::min(device.freeBytes, free.opened),
                  .driverBytes = free.untouched - std::min(free.opened, free.untouched),
                  .growMs = std::move(*times)};
    use.imageBytes =
        std::exchange(use.planned.bytes[static_cast<std::size_t>(MemoryPart::Workspace)], 0);
    return use;
}

} // namespace lapidary::cli
