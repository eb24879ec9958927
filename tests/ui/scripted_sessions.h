#pragma once

#include <engine_session/session_factory.h>
#include <library/engine_queries.h>

#include <engine/session.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

/// What the next generation writes, and how fast.
struct Script {
    std::string thought = {};
    std::string answer = "Fine.";
    double tokensPerSecond = 0; ///< 0: at once
    int charactersPerToken = 4;
    int promptChunks = 0; ///< of 100 tokens, 20 ms each
    lapidary::engine::FinishReason reason = lapidary::engine::FinishReason::Stop;
    std::string error = {};
    bool holds = false; ///< writes its text, then waits to be stopped or released
};

/// The scripts of a window under test, and the requests that came. Shared with the engine thread.
class Scripts {
public:
    void add(Script script);
    [[nodiscard]] Script next(const lapidary::engine::Request& request);
    [[nodiscard]] std::vector<lapidary::engine::Request> requests();

    void release();
    /// True when it may go on, false when it is to stop.
    [[nodiscard]] bool wait(double seconds, const std::stop_token& stop);
    void waitForRelease(const std::stop_token& stop);
    void begin();

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Script> waiting_;
    std::vector<lapidary::engine::Request> requests_;
    bool released_ = false;
};

/// A model that plays scripts.
[[nodiscard]] std::unique_ptr<lapidary::app::SessionFactory>
scriptedSessions(std::shared_ptr<Scripts> scripts);
[[nodiscard]] lapidary::app::EngineQueries scriptedQueries();
