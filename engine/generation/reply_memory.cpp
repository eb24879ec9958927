#include "generation/reply_memory.h"

#include <cstddef>
#include <ranges>
#include <utility>
#include <variant>

namespace lapidary::engine {

namespace {

/// Replies that are remembered; the oldest go first. Regenerating an answer for an afternoon stays
/// below it.
constexpr std::size_t kReplies = 1024;

} // namespace

void ReplyMemory::remember(Reply reply) {
    if (replies_.size() == kReplies)
        replies_.erase(replies_.begin());
    replies_.push_back(std::move(reply));
}

std::vector<WrittenReply> ReplyMemory::recall(const std::vector<Message>& messages) const {
    std::vector<WrittenReply> result(messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const Message& message = messages[i];
        if (message.role != Role::Assistant)
            continue;
        const std::string answer = textOf(message);
        for (const Reply& reply : std::views::reverse(replies_)) {
            if (reply.answer != answer || reply.calls != message.calls)
                continue;
            const bool sameThought = reply.thought == message.thought;
            if (sameThought || result[i].answer.empty())
                result[i] = reply.written;
            if (sameThought)
                break;
            result[i].reply.clear();
        }
    }
    return result;
}

std::string textOf(const Message& message) {
    std::string text;
    for (const Part& part : message.parts)
        if (const auto* piece = std::get_if<std::string>(&part))
            text += *piece;
    return text;
}

} // namespace lapidary::engine
