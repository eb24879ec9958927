#pragma once

#include "chat_message.h"

#include <QHash>
#include <QList>
#include <QString>

namespace lapidary::app {

/// The messages of a chat by parent: each answer may have been asked for several times, each
/// question edited. One path from the root to a leaf is visible. UI thread.
class MessageTree {
public:
    void add(ChatMessage* message);
    [[nodiscard]] ChatMessage* message(const QString& id) const { return messages_.value(id); }
    [[nodiscard]] bool isEmpty() const { return messages_.isEmpty(); }

    /// From the first message to the leaf.
    [[nodiscard]] QList<ChatMessage*> path(const QString& leaf) const;

    /// The versions of a message, oldest first, itself among them.
    [[nodiscard]] QList<ChatMessage*> versions(const ChatMessage& message) const;

    /// The end of the newest branch below the message, which may be the message itself.
    [[nodiscard]] QString newestLeaf(const QString& id) const;

private:
    QHash<QString, ChatMessage*> messages_;
    QHash<QString, QList<ChatMessage*>> children_; ///< by parent id, oldest first
};

} // namespace lapidary::app
