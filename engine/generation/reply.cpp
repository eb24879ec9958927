#include "generation/reply.h"

#include <variant>

namespace lapidary::engine {

namespace {

/// Takes note of a piece of a reply and passes it on.
struct Teller {
    ReplyMemory::Reply& text;
    const EventSink& sink;

    void operator()(const ThoughtText& thought) const {
        text.thought += thought.text;
        sink(thought);
    }
    void operator()(const ThoughtEnded& ended) const { sink(ended); }
    void operator()(const AnswerText& answer) const {
        text.answer += answer.text;
        sink(answer);
    }
    void operator()(const ToolCalled& called) const {
        text.calls.push_back(called.call);
        sink(called);
    }
    /// What cannot be run is shown, so that nothing the model wrote is lost.
    void operator()(const MalformedCall& call) const {
        (*this)(AnswerText{.text = call.text, .tokens = 0});
    }
};

} // namespace

StreamState Reply::add(std::int32_t id) {
    ++tokens_;
    const StreamState state = reader_.add(id);
    tell();
    return state;
}

void Reply::finish() {
    reader_.finish();
    tell();
}

ReplyMemory::Reply Reply::written() const {
    ReplyMemory::Reply reply = text_;
    reply.written = reader_.written();
    return reply;
}

void Reply::tell() {
    for (const StreamEvent& event : reader_.events())
        std::visit(Teller{.text = text_, .sink = sink_}, event);
}

} // namespace lapidary::engine
