#pragma once

#include "recording.h"
#include "session_factory.h"

#include <engine/session.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>

namespace lapidary::app {

/// Plays the turns of a recording, one a generation, from the first again after the last. Whatever
/// is asked, the next turn answers. `speed` 2 plays twice as fast as it was.
class ReplaySession final : public engine::Session {
public:
    ReplaySession(std::shared_ptr<const Recording> recording, double speed);

    engine::Finished generate(const engine::Request& request,
                              const engine::EventSink& sink) override;

    /// The prompt of the turn that comes next, as recorded.
    [[nodiscard]] Expected<engine::ContextUse> measure(const engine::Request& request) override;

private:
    [[nodiscard]] bool waitUntil(std::chrono::steady_clock::time_point time,
                                 const std::stop_token& stop);

    std::shared_ptr<const Recording> recording_; ///< shared with the model that opened the session
    double speed_;
    std::size_t next_ = 0;
    std::mutex mutex_;
    std::condition_variable_any wake_; ///< only a stop wakes it
};

/// Gives a recording the place of a model: loading is immediate and takes no memory.
[[nodiscard]] std::unique_ptr<SessionFactory> replaySessions(Recording recording, double speed);

} // namespace lapidary::app
