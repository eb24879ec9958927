#pragma once

#include <engine/events.h>

#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace lapidary::app {

/// The queue between the engine thread, which puts events in one by one, and the UI thread, which
/// takes all of them at once. It wakes the taker when the first event after a `take` goes in, and
/// not again until the next `take`: 3,000 tokens a second cost the same wakes as 30.
class EventBuffer {
public:
    /// `wake` is called on the putting thread; it may only post.
    explicit EventBuffer(std::function<void()> wake);

    struct Batch {
        std::vector<engine::Event> events;        ///< texts of one kind merged, without Finished
        std::optional<engine::Finished> finished; ///< after the events
    };

    void put(const engine::Event& event);
    [[nodiscard]] Batch take();

private:
    std::function<void()> wake_;
    std::mutex mutex_; ///< guards batch_ and awake_
    Batch batch_;
    bool awake_ = false; ///< a wake has been posted since the last take
};

} // namespace lapidary::app
