#include "cli/bench/measure.h"

#include "cli/bench/cost.h"
#include "generation/context.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <format>
#include <memory>
#include <random>
#include <span>
#include <utility>

namespace lapidary::cli {

using namespace engine;

namespace {

using Measured = Expected<std::vector<Measurement>>;

constexpr std::array kVerifiedRows = {1, 2, 4, 8, 16};
constexpr int kVerifySteps = 8;

double secondsOf(auto&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::vector<std::int32_t> randomIds(const ModelConfig& config, int count) {
    std::mt19937 random(1);
    std::uniform_int_distribution<std::int32_t> token(0, config.vocabulary - 1);
    std::vector<std::int32_t> ids(static_cast<std::size_t>(count));
    for (std::int32_t& id : ids) {
        id = token(random);
        if (id == config.tokens.image)
            id = 0;
    }
    return ids;
}

double bytesOfStep(const LoadedModel& model, int positions, const BenchSettings& settings) {
    return tokenCost(model.checkpoint, settings.weights, settings.head).weightBytes
           + cacheBytes(model.config(), positions, settings.cache);
}

/// A context of `room` that is taken to hold the scenario's tokens.
Expected<Context> filledContext(LoadedModel& model, const Scenario& scenario, int room,
                                const BenchSettings& settings) {
    auto context = Context::open(model, room, settings.cache);
    if (context)
        if (auto filled = context->fill(scenario.tokens); !filled)
            return std::unexpected(filled.error());
    return context;
}

Measured decode(LoadedModel& model, const Scenario& scenario, const Roofline& roofline,
                const BenchSettings& settings) {
    const int room = scenario.tokens + settings.steps * (settings.rounds + 1) + 1;
    auto context = filledContext(model, scenario, room, settings);
    if (!context)
        return std::unexpected(context.error());
    Expected<std::int32_t> id = model.config().tokens.bos;
    Measurement result{.name = scenario.name, .unit = "tok/s"};
    for (int round = 0; round <= settings.rounds; ++round) {
        double seconds = 0;
        for (int step = 0; step < settings.steps; ++step) {
            const double time = secondsOf([&] {
                context->extend(*id);
                id = context->draw({.temperature = 0}, {});
            });
            if (!id)
                return std::unexpected(id.error());
            seconds += time;
            if (round > 0)
                result.stepMs.push_back(time * 1000);
        }
        if (round > 0)
            result.rounds.push_back(settings.steps / seconds);
        if (settings.betweenRounds)
            settings.betweenRounds();
    }
    result.bytes = bytesOfStep(model, scenario.tokens, settings);
    result.limit = roofline.memory.best() / result.bytes;
    return std::vector{std::move(result)};
}

/// Seconds of one step of `ids` after the cache's positions, the logits of all rows included.
Expected<double> verifyStep(LoadedModel& model, const KvCache& cache,
                            std::span<const std::int32_t> ids,
                            std::unique_ptr<kernels::Backend::Recording>& recording) {
    kernels::Backend& backend = *model.backend;
    const std::int64_t position = cache.tokens().size();
    const auto rows = static_cast<std::int64_t>(ids.size());
    Expected<void> done;
    const double seconds = secondsOf([&] {
        model.decoder.place(backend,
                            {.ids = ids, .firstPosition = position, .soft = {}, .runs = {}},
                            model.activations);
        backend.repeat(recording, position, [&] {
            const kernels::Tensor residual = model.decoder.runPlaced(
                backend, {.rows = rows, .firstPosition = position, .runs = {}}, cache,
                model.activations);
            model.decoder.estimate(backend, residual, model.activations);
        });
        done = backend.wait();
    });
    return done ? Expected<double>(seconds) : std::unexpected(done.error());
}

Measured verify(LoadedModel& model, const Scenario& scenario, const Roofline& roofline,
                const BenchSettings& settings) {
    auto context = filledContext(model, scenario, scenario.tokens + kVerifiedRows.back(), settings);
    if (!context)
        return std::unexpected(context.error());
    const auto ids = randomIds(model.config(), kVerifiedRows.back());
    // Several rows may choose more experts than one; the limit is what one row reads.
    const double bytes = bytesOfStep(model, scenario.tokens, settings);
    std::vector<Measurement> results;
    results.reserve(kVerifiedRows.size());
    for (const int rows : kVerifiedRows)
        results.push_back({.name = std::format("{} x{}", scenario.name, rows),
                           .unit = "ms",
                           .limit = bytes / roofline.memory.best() * 1000,
                           .bytes = bytes});
    std::array<std::unique_ptr<kernels::Backend::Recording>, kVerifiedRows.size()> recordings;
    for (int round = 0; round <= settings.rounds; ++round) {
        for (std::size_t i = 0; i < kVerifiedRows.size(); ++i) {
            const auto rows = std::span(ids).first(static_cast<std::size_t>(kVerifiedRows[i]));
            double seconds = 0;
            for (int step = 0; step < kVerifySteps; ++step) {
                const auto time = verifyStep(model, context->cache(), rows, recordings[i]);
                if (!time)
                    return std::unexpected(time.error());
                seconds += *time;
                if (round > 0)
                    results[i].stepMs.push_back(*time * 1000);
            }
            if (round > 0)
                results[i].rounds.push_back(seconds / kVerifySteps * 1000);
        }
        if (settings.betweenRounds)
            settings.betweenRounds();
    }
    return results;
}

Measured prefill(LoadedModel& model, const Scenario& scenario, const Roofline& roofline,
                 const BenchSettings& settings) {
    TokenSequence prompt;
    prompt.append(randomIds(model.config(), scenario.tokens));
    auto context = Context::open(model, scenario.tokens + 1, settings.cache);
    if (!context)
        return std::unexpected(context.error());
    const bool firstToken = scenario.kind == Scenario::Kind::FirstToken;
    Measurement result{.name = scenario.name, .unit = firstToken ? "ms" : "tok/s"};
    for (int round = 0; round <= settings.rounds; ++round) {
        context->clear();
        Expected<std::int32_t> drawn = 0;
        Expected<bool> read = true;
        const double seconds = secondsOf([&] {
            read = context->prefill({.tokens = prompt, .image = {}, .progress = {}, .logits = {}});
            if (read && firstToken)
                drawn = context->draw({.temperature = 0}, {});
        });
        if (!read)
            return std::unexpected(read.error());
        if (!drawn)
            return std::unexpected(drawn.error());
        if (round > 0)
            result.rounds.push_back(firstToken ? seconds * 1000 : scenario.tokens / seconds);
        if (settings.betweenRounds)
            settings.betweenRounds();
    }
    if (firstToken) {
        result.bytes = bytesOfStep(model, scenario.tokens, settings);
        result.limit = result.bytes / roofline.memory.best() * 1000;
    } else {
        // Attention computes in bf16 whatever the weights are.
        const bool fp8 = settings.weights == WeightChoice::Fp8 && roofline.fp8Flops > 0;
        const Cost cost = tokenCost(model.checkpoint, settings.weights, settings.head);
        const double seconds =
            cost.weightFlops * scenario.tokens / (fp8 ? roofline.fp8Flops : roofline.bf16Flops)
            + attentionFlops(model.config(), scenario.tokens) / roofline.bf16Flops;
        result.limit = scenario.tokens / seconds;
    }
    return std::vector{std::move(result)};
}

} // namespace

Measured measure(LoadedModel& model, const Scenario& scenario, const Roofline& roofline,
                 const BenchSettings& settings) {
    switch (scenario.kind) {
    case Scenario::Kind::Decode:
        return decode(model, scenario, roofline, settings);
    case Scenario::Kind::Verify:
        return verify(model, scenario, roofline, settings);
    case Scenario::Kind::Prefill:
    case Scenario::Kind::FirstToken:
        return prefill(model, scenario, roofline, settings);
    case Scenario::Kind::Load:   // the caller's, who has the model's source,
    case Scenario::Kind::Memory: // and knows what was free before
        break;
    }
    return {};
}

} // namespace lapidary::cli
