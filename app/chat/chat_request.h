#pragma once

#include "chat_message.h"

#include <engine/request.h>

#include <QList>
#include <QString>

namespace lapidary::app {

/// The conversation as the engine reads it. Pictures are sent to models that see them, by name only
/// to others; text files stand before the question, each under its name.
[[nodiscard]] engine::Request chatRequest(const QList<ChatMessage*>& path,
                                          const QString& systemPrompt, bool thinking,
                                          bool seesImages);

/// One user turn of it.
[[nodiscard]] engine::Message userTurn(const QString& text, const QList<Attachment*>& attachments,
                                       bool seesImages);

} // namespace lapidary::app
