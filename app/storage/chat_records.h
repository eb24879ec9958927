#pragma once

#include <QByteArray>
#include <QDateTime>
#include <QList>
#include <QObject>
#include <QString>
#include <QtQml/qqmlregistration.h>

namespace lapidary::app {
Q_NAMESPACE
QML_ELEMENT

/// Numbers are stored: never renumber, only append.
enum class MessageRole { System = 0, User = 1, Assistant = 2, Tool = 3 };
Q_ENUM_NS(MessageRole)

/// What became of a message. Numbers are stored: never renumber, only append.
enum class MessageState {
    Complete = 0,
    Streaming = 1,
    Stopped = 2,     ///< by the user
    LengthLimit = 3, ///< by the token limit or the context
    Interrupted = 4, ///< the program ended while it was written
    Failed = 5,      ///< by an error
    Queued = 6,      ///< not started
};
Q_ENUM_NS(MessageState)

/// Which text of a message a part belongs to. Numbers are stored.
enum class TextChannel { Thought = 0, Answer = 1 };
Q_ENUM_NS(TextChannel)

/// One conversation, as the table `chat` keeps it.
struct ChatRecord {
    QString id; ///< ChatStore::newId()
    QString title;
    bool titleIsOwn = false; ///< the user named it; no program changes it
    QString model;           ///< folder
    QString recipe;          ///< id
    QString currentLeaf;     ///< id of the last message of the visible path; "" while empty
    QDateTime createdAt;     ///< set by the store when invalid
    QDateTime updatedAt;     ///< set by the store when invalid
    QDateTime deletedAt;     ///< valid while in the trash
    bool pinned = false;
    QString draft;
    QString systemPrompt;
    bool thinking = true;

    bool operator==(const ChatRecord&) const = default;
};

/// A file that a message carries; its bytes are in the attachment folder under `hash`.
struct AttachmentRecord {
    QString hash; ///< SHA-256, hexadecimal
    QString name; ///< the file's own name, for people
    QString mimeType;
    int width = 0;  ///< of an image, in pixels
    int height = 0; ///< of an image, in pixels
    int budget = 0; ///< soft tokens an image may cost; 0: the recipe's
    qint64 bytes = 0;

    bool operator==(const AttachmentRecord&) const = default;
};

/// One message of the tree of a chat.
struct MessageRecord {
    QString id; ///< ChatStore::newId()
    QString chatId;
    QString parentId; ///< "" at the root
    MessageRole role = MessageRole::User;
    MessageState state = MessageState::Complete;
    QString thought;
    QString answer;            ///< of a user message: its text
    qint64 thoughtStartMs = 0; ///< since the epoch; 0: no thought
    qint64 thoughtEndMs = 0;
    QString model;       ///< that wrote it, for people
    QString recipe;      ///< title
    QString statistics;  ///< JSON
    QDateTime createdAt; ///< set by the store when invalid
    QList<AttachmentRecord> attachments;

    bool operator==(const MessageRecord&) const = default;
};

} // namespace lapidary::app
