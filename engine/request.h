#pragma once

#include "image.h"

#include <kernels/sampling.h>

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

namespace lapidary::engine {

enum class Role : std::uint8_t { System, User, Assistant, Tool };

/// A piece of a message: text, or a picture at a detail level (0: the recipe's).
struct ImagePart {
    std::shared_ptr<const Image> image;
    int budget = 0;
};
using Part = std::variant<std::string, ImagePart>;

/// A call that the model made. `arguments` is a JSON object.
struct ToolCall {
    std::string id;
    std::string name;
    std::string arguments;

    bool operator==(const ToolCall&) const = default;
};

struct Message {
    Role role = Role::User;
    std::vector<Part> parts;
    std::string thought; ///< of an assistant message; the template decides whether it is kept
    std::vector<ToolCall> calls; ///< of an assistant message
    std::string toolCallId = {}; ///< of a tool message: the call it answers
    std::string name = {};       ///< of a tool message
};

/// A function the model may call. `parameters` is a JSON schema object.
struct Tool {
    std::string name;
    std::string description;
    std::string parameters;
};

/// One generation: the whole conversation and how to go on. The session finds by itself what of it
/// is computed already.
struct Request {
    std::vector<Message> messages;
    std::vector<Tool> tools;
    bool thinking = true;

    /// True: the last message is an assistant message that goes on from its last character.
    bool continueLast = false;

    kernels::Sampling sampling;
    int maxTokens = 0;                    ///< 0: until the context is full
    std::vector<std::string> stopStrings; ///< end the answer before the first occurrence

    /// Ends the generation within one step, prefill chunk or picture, from any thread. It belongs
    /// to this request alone: one that was asked to stop before it began never begins, and a stop
    /// that comes too late does not reach the next.
    std::stop_token stop;
};

} // namespace lapidary::engine
