#pragma once

#include "engine_session/session_factory.h"

#include <engine/session.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace lapidary::app {

/// What the fakes do and what was done to them, shared by a test and its factory.
struct FakeScript {
    /// Runs on the engine thread in place of a generation.
    using Play = std::function<engine::Finished(const engine::Request&, const engine::EventSink&)>;

    std::optional<Error> planError;
    std::optional<Error> loadError;
    std::string failingModel; ///< the folder's name that loadError is for; "": all
    /// Called in a load, between progress events; may block until the request's stop.
    std::function<void(const engine::LoadRequest&)> whileLoading;
    std::size_t weightBytes = 1000;
    std::size_t freeBytes = 5000; ///< without what is loaded
    int contextTokens = 4096;
    Play play;

    std::atomic<int> modelsAlive = 0;
    std::atomic<int> mostModelsAlive = 0;
    std::atomic<int> loads = 0;
    std::atomic<std::size_t> freeableSeen = 0;
    std::atomic<int> generations = 0;
};

[[nodiscard]] std::unique_ptr<SessionFactory> fakeSessions(std::shared_ptr<FakeScript> script);

/// Plays that are asked for often.
namespace plays {

/// The texts as answer tokens, at once.
[[nodiscard]] FakeScript::Play answer(std::vector<std::string> pieces);

/// Tokens without an end, until it is cancelled.
[[nodiscard]] FakeScript::Play endless();

} // namespace plays
} // namespace lapidary::app
