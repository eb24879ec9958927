#pragma once

#include "chat_records.h"

#include <kernels/error.h>

namespace lapidary::app {

class Database;

/// The tables `message`, `part` and `message_attachment`. On the storage thread; errors are those
/// of Database::run, and NotFound for a message that is not there.

/// All messages of a chat in order of creation; a streaming one with the parts it has by now.
[[nodiscard]] Expected<QList<MessageRecord>> readMessages(Database& database,
                                                          const QString& chatId);
[[nodiscard]] Expected<void> insertMessage(Database& database, const MessageRecord& message);

/// Writes the message as it is and drops its parts.
[[nodiscard]] Expected<void> replaceMessage(Database& database, const MessageRecord& message);

[[nodiscard]] Expected<void> insertPart(Database& database, const QString& messageId,
                                        TextChannel channel, const QString& text);

/// What an end of the program in the middle of an answer left behind.
struct Leftovers {
    int messages = 0;
    QDateTime lastText; ///< of the newest part that was kept
};

/// Joins the parts of messages that were streaming, and marks these Interrupted, as well as the
/// ones that waited in the queue.
[[nodiscard]] Expected<Leftovers> foldLeftovers(Database& database);

[[nodiscard]] Expected<void> insertAttachment(Database& database, const QString& hash,
                                              qint64 bytes);
/// Forgets attachments that no message names, and returns all that remain.
[[nodiscard]] Expected<QStringList> keepUsedAttachments(Database& database);

} // namespace lapidary::app
