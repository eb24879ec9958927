#include "event_buffer.h"

#include <utility>

namespace lapidary::app {
namespace {

/// Adds `next` to `last` when both are text of one kind.
bool merge(engine::Event& last, const engine::Event& next) {
    const auto mergeAs = [&]<class Text>(Text*) {
        auto* to = std::get_if<Text>(&last);
        const auto* from = std::get_if<Text>(&next);
        if (to == nullptr || from == nullptr)
            return false;
        to->text += from->text;
        to->tokens += from->tokens;
        return true;
    };
    if (mergeAs(static_cast<engine::ThoughtText*>(nullptr))
        || mergeAs(static_cast<engine::AnswerText*>(nullptr)))
        return true;
    // Of the prompt's progress only the newest counts.
    if (std::holds_alternative<engine::PrefillProgress>(last)
        && std::holds_alternative<engine::PrefillProgress>(next)) {
        last = next;
        return true;
    }
    return false;
}

} // namespace

EventBuffer::EventBuffer(std::function<void()> wake) : wake_(std::move(wake)) {}

void EventBuffer::put(const engine::Event& event) {
    bool mustWake = false;
    {
        const std::scoped_lock lock(mutex_);
        if (const auto* finished = std::get_if<engine::Finished>(&event))
            batch_.finished = *finished;
        else if (batch_.events.empty() || !merge(batch_.events.back(), event))
            batch_.events.push_back(event);
        mustWake = !std::exchange(awake_, true);
    }
    if (mustWake)
        wake_();
}

EventBuffer::Batch EventBuffer::take() {
    const std::scoped_lock lock(mutex_);
    awake_ = false;
    return std::exchange(batch_, {});
}

} // namespace lapidary::app
