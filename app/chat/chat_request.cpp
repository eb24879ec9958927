#include "chat_request.h"

#include <format>

namespace lapidary::app {

namespace {

/// A fence that the text does not contain.
std::string fenceFor(const std::string& text) {
    std::string fence = "```";
    while (text.find(fence) != std::string::npos)
        fence += '`';
    return fence;
}

} // namespace

engine::Message userTurn(const QString& text, const QList<Attachment*>& attachments,
                         bool seesImages) {
    engine::Message message{.role = engine::Role::User, .parts = {}, .thought = {}, .calls = {}};
    std::string files;
    for (const Attachment* attachment : attachments) {
        const std::string name = attachment->name().toStdString();
        if (attachment->isPicture() && seesImages && attachment->image()) {
            message.parts.emplace_back(
                engine::ImagePart{.image = attachment->image(), .budget = attachment->budget()});
        } else if (attachment->isPicture()) {
            files += std::format("[picture: {}]\n\n", name);
        } else {
            const std::string content = attachment->bytes().toStdString();
            const std::string fence = fenceFor(content);
            files += std::format("{}:\n{}\n{}{}{}\n\n", name, fence, content,
                                 content.ends_with('\n') ? "" : "\n", fence);
        }
    }
    message.parts.emplace_back(files + text.toStdString());
    return message;
}

engine::Request chatRequest(const QList<ChatMessage*>& path, const QString& systemPrompt,
                            bool thinking, bool seesImages) {
    engine::Request request;
    request.thinking = thinking;
    if (!systemPrompt.trimmed().isEmpty())
        request.messages.push_back({.role = engine::Role::System,
                                    .parts = {systemPrompt.toStdString()},
                                    .thought = {},
                                    .calls = {}});
    for (const ChatMessage* message : path) {
        const MessageRecord& record = message->record();
        if (message->isUser())
            request.messages.push_back(userTurn(record.answer, message->attachments(), seesImages));
        else
            request.messages.push_back({.role = engine::Role::Assistant,
                                        .parts = {record.answer.toStdString()},
                                        .thought = record.thought.toStdString(),
                                        .calls = {}});
    }
    return request;
}

} // namespace lapidary::app
