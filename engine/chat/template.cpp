#include "chat/template.h"

#include "chat/prompt_writer.h"
#include "chat/tool_format.h"
#include "chat/whitespace.h"

#include <algorithm>
#include <format>
#include <optional>

namespace lapidary::engine {

namespace {

/// What the prompt ends in, which decides how the reply is opened.
enum class Ending : std::uint8_t { Turn, Responses, PendingCall, Continued };

/// The text without stretches of thought; one that is not closed takes the rest with it.
std::string withoutThoughts(std::string_view text) {
    constexpr std::string_view kBegin = "<|channel>";
    constexpr std::string_view kEnd = "<channel|>";
    std::string result;
    while (true) {
        const std::size_t end = text.find(kEnd);
        const std::string_view part = text.substr(0, end);
        result += part.substr(0, part.find(kBegin));
        if (end == std::string_view::npos)
            return result;
        text.remove_prefix(end + kEnd.size());
    }
}

bool isBlank(const Message& message) {
    return std::ranges::all_of(message.parts, [](const Part& part) {
        const auto* const text = std::get_if<std::string>(&part);
        return text != nullptr && trim(withoutThoughts(*text)).empty();
    });
}

class Renderer {
public:
    Renderer(const Request& request, const TemplateRules& rules, const SpecialTokens& special,
             std::span<const WrittenReply> written)
        : messages_(request.messages)
        , request_(request)
        , writer_(special)
        , written_(written)
        , thinking_(request.thinking && special.has(Special::Think)
                    && special.has(Special::ChannelBegin))
        , emptyThought_(rules.emptyThoughtChannel && !thinking_
                        && special.has(Special::ChannelBegin)) {}

    Expected<Prompt> render() {
        const bool continues = request_.continueLast;
        if (continues && (messages_.empty() || messages_.back().role != Role::Assistant))
            return fail(ErrorKind::Corrupt, "There is no answer that could go on. Ask again.");
        findLastUser();
        writer_.control(Special::Bos);
        std::size_t first = 0;
        if (Expected<std::size_t> folded = writeSystemTurn(); folded)
            first = *folded;
        else
            return std::unexpected(folded.error());
        Prompt prompt;
        prompt.systemPieces = writer_.size();

        if (const Expected<void> turns = writeTurns(first); !turns)
            return std::unexpected(turns.error());
        writeOpening();
        if (const std::optional<Special> missing = writer_.missing())
            return fail(ErrorKind::Unsupported,
                        std::format("This model has no token {}, so it knows no {}. Choose another "
                                    "model, or leave them out.",
                                    specialName(*missing),
                                    *missing == Special::ImageBegin
                                            || *missing == Special::ImageSoft
                                            || *missing == Special::ImageEnd
                                        ? "images"
                                        : "tools"));
        prompt.pieces = writer_.take();
        prompt.start = start_;
        return prompt;
    }

private:
    void findLastUser() {
        for (std::size_t i = 0; i < messages_.size(); ++i) {
            if (messages_[i].role == Role::User)
                lastUser_ = i;
        }
    }

    void openTurn(std::string_view role) {
        writer_.control(Special::TurnBegin).text(role).text("\n");
    }
    void closeTurn() { writer_.control(Special::TurnEnd).text("\n"); }

    /// Returns the index of the first message that is not part of it.
    Expected<std::size_t> writeSystemTurn() {
        const bool folded = !messages_.empty() && messages_.front().role == Role::System;
        if (!folded && !thinking_ && request_.tools.empty())
            return 0;
        openTurn("system");
        if (thinking_)
            writer_.control(Special::Think).text("\n");
        if (folded)
            writer_.text(systemText(messages_.front()));
        for (const Tool& tool : request_.tools) {
            if (const Expected<void> declared = writeDeclaration(writer_, tool); !declared)
                return std::unexpected(declared.error());
        }
        closeTurn();
        return folded ? 1 : 0;
    }

    /// Parts are set apart by a space; the published template leaves one at the end too.
    static std::string systemText(const Message& message) {
        std::string all;
        for (const Part& part : message.parts) {
            if (const auto* const text = std::get_if<std::string>(&part))
                all.append(trim(*text)).append(" ");
        }
        return std::string(trim(all));
    }

    [[nodiscard]] bool isContinued(std::size_t i) const {
        return request_.continueLast && i + 1 == messages_.size() && messages_[i].calls.empty();
    }

    /// An assistant message without content would be an empty turn.
    [[nodiscard]] bool isDropped(std::size_t i) const {
        const Message& message = messages_[i];
        if (message.role != Role::Assistant || !message.calls.empty() || !isBlank(message))
            return false;
        return !isContinued(i) || (!keepsThought(i) && !hasReply(i));
    }

    /// The thought stays in the prompt as long as no user has spoken since.
    [[nodiscard]] bool isAfterLastUser(std::size_t i) const { return !lastUser_ || i > *lastUser_; }
    [[nodiscard]] bool keepsThought(std::size_t i) const {
        return isAfterLastUser(i) && !trim(messages_[i].thought).empty();
    }
    [[nodiscard]] bool hasReply(std::size_t i) const {
        return i < written_.size() && !written_[i].reply.empty() && isAfterLastUser(i);
    }

    Expected<void> writeTurns(std::size_t first) {
        const Message* previous = nullptr; // neither a tool's nor dropped
        for (std::size_t i = first; i < messages_.size(); ++i) {
            const Message& message = messages_[i];
            if (message.role == Role::Tool)
                return fail(ErrorKind::Corrupt,
                            "A tool's result stands where no tool was called. Remove it or ask "
                            "again.");
            if (isDropped(i))
                continue;
            if (message.role != Role::Assistant) {
                openTurn(message.role == Role::System ? "system" : "user");
                writeParts(message);
                closeTurn();
                ending_ = Ending::Turn;
            } else {
                if (previous == nullptr || previous->role != Role::Assistant)
                    openTurn("model");
                std::size_t after = i + 1;
                if (!message.calls.empty()) {
                    while (after < messages_.size() && messages_[after].role == Role::Tool)
                        ++after;
                }
                if (const Expected<void> body = writeAssistant(i, after); !body)
                    return body;
                i = after - 1;
            }
            previous = &message;
        }
        return {};
    }

    void writeParts(const Message& message) {
        for (const Part& part : message.parts) {
            if (const auto* const text = std::get_if<std::string>(&part))
                writer_.text(trim(*text));
            else
                writer_.image(std::get<ImagePart>(part));
        }
    }

    /// Message i and the results of its calls, which end before `after`.
    Expected<void> writeAssistant(std::size_t i, std::size_t after) {
        const Message& message = messages_[i];
        if (hasReply(i)) {
            writeReply(i);
        } else {
            writeThought(i);
            // The model speaks before it calls. The published template puts such text after the
            // results and then closes the turn, so that the model would have to go on without one.
            writeContent(i);
            for (const ToolCall& call : message.calls) {
                if (const Expected<void> called = writeCall(writer_, call); !called)
                    return called;
            }
        }
        for (std::size_t tool = i + 1; tool < after; ++tool)
            writeResult(message, messages_[tool]);
        endAssistant(i, after);
        return {};
    }

    /// The tokens that were generated, behind what opened them then.
    void writeReply(std::size_t i) {
        const WrittenReply& written = written_[i];
        if (written.start == StreamStart::Thought)
            openThought();
        else if (isContinued(i) && emptyThought_)
            writeEmptyThought();
        writer_.tokens(written.reply);
        if (isContinued(i))
            start_ = written.end;
    }

    void writeThought(std::size_t i) {
        const Message& message = messages_[i];
        if (!keepsThought(i)) {
            // The same opening as the reply had, which goes on.
            if (isContinued(i) && emptyThought_)
                writeEmptyThought();
            return;
        }
        openThought();
        if (isContinued(i) && isBlank(message)) {
            writer_.text(message.thought);
            start_ = StreamStart::InsideThought;
            return;
        }
        // Text from the stream may end in a newline, which would be one more each time.
        writer_.text(trimRight(message.thought)).text("\n").control(Special::ChannelEnd);
    }

    void openThought() { writer_.control(Special::ChannelBegin).text("thought\n"); }
    void writeEmptyThought() {
        openThought();
        writer_.control(Special::ChannelEnd);
    }

    void writeContent(std::size_t i) {
        const Message& message = messages_[i];
        if (isBlank(message))
            return;
        const bool continued = isContinued(i);
        if (continued)
            start_ = StreamStart::InsideAnswer;
        else if (i < written_.size() && !written_[i].answer.empty()) {
            writer_.tokens(written_[i].answer);
            return;
        }
        for (const Part& part : message.parts) {
            if (const auto* const text = std::get_if<std::string>(&part)) {
                const std::string bare = withoutThoughts(*text);
                // What goes on keeps its last space.
                const bool open = continued && &part == &message.parts.back();
                writer_.text(open ? trimLeft(bare) : trim(bare));
            } else {
                writer_.image(std::get<ImagePart>(part));
            }
        }
    }

    void writeResult(const Message& caller, const Message& result) {
        std::string_view name = result.name.empty() ? std::string_view("unknown") : result.name;
        const auto call = std::ranges::find(caller.calls, result.toolCallId, &ToolCall::id);
        if (call != caller.calls.end() && !result.toolCallId.empty())
            name = call->name;
        std::string text;
        for (const Part& part : result.parts) {
            if (const auto* const piece = std::get_if<std::string>(&part))
                text += *piece;
        }
        writeResponse(writer_, name, text);
        for (const Part& part : result.parts) {
            if (const auto* const image = std::get_if<ImagePart>(&part))
                writer_.image(*image);
        }
    }

    void endAssistant(std::size_t i, std::size_t after) {
        const bool calls = !messages_[i].calls.empty();
        const bool responses = after > i + 1;
        std::size_t next = after;
        while (next < messages_.size() && isDropped(next))
            ++next;
        const bool last = next >= messages_.size();
        if (isContinued(i)) {
            ending_ = Ending::Continued;
        } else if (calls && !responses) {
            writer_.control(Special::ResponseBegin);
            ending_ = Ending::PendingCall;
        } else if (!last && messages_[next].role == Role::Assistant) {
            ending_ = Ending::Turn; // the next one goes on in the same turn
        } else if (responses && last) {
            ending_ = Ending::Responses;
        } else {
            closeTurn();
            ending_ = Ending::Turn;
        }
    }

    void writeOpening() {
        if (ending_ == Ending::Turn) {
            openTurn("model");
            if (emptyThought_)
                writeEmptyThought();
        } else if (ending_ == Ending::Responses && thinking_) {
            openThought();
            start_ = StreamStart::Thought;
        }
    }

    const std::vector<Message>& messages_;
    const Request& request_;
    PromptWriter writer_;
    std::span<const WrittenReply> written_;
    bool thinking_;
    bool emptyThought_;
    std::optional<std::size_t> lastUser_;
    Ending ending_ = Ending::Turn;
    StreamStart start_ = StreamStart::Answer;
};

} // namespace

Expected<Prompt> renderPrompt(const Request& request, const TemplateRules& rules,
                              const SpecialTokens& special, std::span<const WrittenReply> written) {
    return Renderer(request, rules, special, written).render();
}

std::string templateNotice(std::string_view chatTemplate) {
    const auto has = [&](std::string_view mark) {
        return chatTemplate.find(mark) != std::string_view::npos;
    };
    for (const std::string_view mark : {"<|turn>", "<turn|>", "<|channel>thought", "<|think|>"}) {
        if (!has(mark))
            return std::format("chat_template.jinja does not write {}, as Gemma 4's template does; "
                               "its rules are not followed, those of Gemma 4 are",
                               mark);
    }
    if (!has("2026-07-09"))
        return "chat_template.jinja is another edition than that of 2026-07-09; the rules of that "
               "edition are followed";
    return {};
}

} // namespace lapidary::engine
