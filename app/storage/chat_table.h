#pragma once

#include "chat_records.h"

#include <kernels/error.h>

namespace lapidary::app {

class Database;

/// The table `chat`. On the storage thread; errors are those of Database::run, and NotFound for a
/// chat that is not there.

[[nodiscard]] Expected<QList<ChatRecord>> readChats(Database& database, int limit, int offset);
[[nodiscard]] Expected<ChatRecord> readChat(Database& database, const QString& chatId);
[[nodiscard]] Expected<void> insertChat(Database& database, const ChatRecord& chat);
[[nodiscard]] Expected<void> updateChat(Database& database, const ChatRecord& chat);

/// Into the trash at a time, or out of it with an invalid one.
[[nodiscard]] Expected<void> setChatDeleted(Database& database, const QString& chatId,
                                            const QDateTime& deletedAt);

/// Removes for good what has been in the trash since before `limit`.
[[nodiscard]] Expected<void> purgeTrash(Database& database, const QDateTime& limit);

[[nodiscard]] Expected<QString> readSetting(Database& database, const QString& key);
[[nodiscard]] Expected<void> writeSetting(Database& database, const QString& key,
                                          const QString& value);

} // namespace lapidary::app
