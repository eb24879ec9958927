#pragma once

#include "chat/stream_reader.h"
#include "events.h"
#include "generation/reply_memory.h"

#include <cstdint>
#include <vector>

namespace lapidary::engine {

/// One reply while it is generated: tokens in, events out, and what they added up to. `add` every
/// token, then `finish`, in any case.
class Reply {
public:
    Reply(const Tokenizer& tokenizer, StreamOptions options, const EventSink& sink)
        : reader_(tokenizer, std::move(options)), sink_(sink) {}

    StreamState add(std::int32_t id);
    void finish();

    /// Tokens that were added, the stop token too.
    [[nodiscard]] int tokens() const { return tokens_; }
    [[nodiscard]] int thoughtTokens() const { return reader_.thoughtTokens(); }
    [[nodiscard]] int answerTokens() const { return reader_.answerTokens(); }
    [[nodiscard]] bool calls() const { return reader_.callCount() > 0; }

    /// What it reads like, and its tokens.
    [[nodiscard]] ReplyMemory::Reply written() const;

private:
    void tell();

    StreamReader reader_;
    const EventSink& sink_;
    ReplyMemory::Reply text_; // without `written`
    int tokens_ = 0;
};

} // namespace lapidary::engine
