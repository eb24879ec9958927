#pragma once

#include "request.h"

#include <kernels/error.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace lapidary::engine {

/// The prompt is being read. Sent once before the first chunk and after each.
struct PrefillProgress {
    int promptTokens = 0; ///< of the whole prompt
    int reusedTokens = 0; ///< found in the cache
    int doneTokens = 0;   ///< computed by now, reused ones not counted
};

/// More of the thought, or of the answer: whole UTF-8 characters, `tokens` of them newly spent.
struct ThoughtText {
    std::string text;
    int tokens = 0;
};
struct AnswerText {
    std::string text;
    int tokens = 0;
};

/// The thought is complete; what follows is the answer.
struct ThoughtEnded {};

struct ToolCalled {
    ToolCall call;
};

/// One round of speculation: how many tokens the drafter proposed and the model accepted.
struct Round {
    int proposed = 0;
    int accepted = 0;
};

enum class FinishReason : std::uint8_t {
    Stop,        ///< the model ended its turn, or a stop string was met
    ToolCall,    ///< the model waits for the results of its calls
    Length,      ///< maxTokens
    ContextFull, ///< the context has no room for another token
    Cancelled,
    Failed,
};

struct Statistics {
    int promptTokens = 0;
    int reusedTokens = 0;
    int thoughtTokens = 0;
    int answerTokens = 0; ///< tags and the stop token are in neither of the two
    double prefillSeconds = 0;
    double firstTokenSeconds = 0; ///< from the call to the first generated token
    double decodeSeconds = 0;
    int rounds = 0;
    int proposedTokens = 0;
    int acceptedTokens = 0;

    [[nodiscard]] double prefillTokensPerSecond() const {
        return prefillSeconds > 0 ? (promptTokens - reusedTokens) / prefillSeconds : 0;
    }
    [[nodiscard]] double decodeTokensPerSecond() const {
        return decodeSeconds > 0 ? (thoughtTokens + answerTokens) / decodeSeconds : 0;
    }
};

struct Finished {
    FinishReason reason = FinishReason::Stop;
    Statistics statistics;
    std::optional<Error> error; ///< exactly when `reason` is Failed
};

/// What a generation tells, in this order: PrefillProgress…, then texts, ends of thoughts, calls
/// and rounds as they come, then Finished, once, last.
using Event = std::variant<PrefillProgress, ThoughtText, ThoughtEnded, AnswerText, ToolCalled,
                           Round, Finished>;
using EventSink = std::function<void(const Event&)>;

} // namespace lapidary::engine
