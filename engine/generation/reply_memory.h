#pragma once

#include "chat/template.h"
#include "request.h"

#include <string>
#include <vector>

namespace lapidary::engine {

/// What a session generated, by what it read like: later prompts take the generated tokens instead
/// of encoding the text anew, which could cut it into other tokens than the cache holds (gemma4.md
/// 7.6). One thread.
class ReplyMemory {
public:
    struct Reply {
        std::string thought;
        std::string answer;
        std::vector<ToolCall> calls;
        WrittenReply written;
    };

    void remember(Reply reply);

    /// For each message what was written for it: nothing for messages of others, for edited ones
    /// and for those of other sessions; the answer's tokens alone where the thought was changed.
    [[nodiscard]] std::vector<WrittenReply> recall(const std::vector<Message>& messages) const;

private:
    std::vector<Reply> replies_; // oldest first
};

/// The text parts of a message, one after another.
[[nodiscard]] std::string textOf(const Message& message);

} // namespace lapidary::engine
