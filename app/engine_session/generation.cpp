#include "generation.h"

#include <utility>

namespace lapidary::app {

Generation::Generation(QString chatId, engine::Request request, QObject* parent)
    : QObject(parent), chatId_(std::move(chatId)), request_(std::move(request)) {
    request_.stop = stop_.get_token();
}

void Generation::cancel() {
    if (state_ != State::Done)
        emit cancelRequested();
}

void Generation::setQueuePlace(int place) {
    if (std::exchange(queuePlace_, place) != place)
        emit queuePlaceChanged();
}

void Generation::start() {
    setQueuePlace(0);
    setState(State::ReadingPrompt);
}

void Generation::deliver(const std::vector<engine::Event>& events) {
    for (const engine::Event& event : events) {
        if (std::holds_alternative<engine::ThoughtText>(event))
            setState(State::Thinking);
        else if (std::holds_alternative<engine::ThoughtEnded>(event)
                 || std::holds_alternative<engine::AnswerText>(event)
                 || std::holds_alternative<engine::ToolCalled>(event))
            setState(State::Answering);
    }
    emit eventsArrived(events);
}

void Generation::finish(const engine::Finished& finishedEvent) {
    setQueuePlace(0);
    setState(State::Done);
    emit finished(finishedEvent);
}

void Generation::setState(State state) {
    if (std::exchange(state_, state) != state)
        emit stateChanged();
}

} // namespace lapidary::app
