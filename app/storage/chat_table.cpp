#include "chat_table.h"

#include "database.h"

namespace lapidary::app {
namespace {

using namespace Qt::StringLiterals;

constexpr auto kColumns = "id, title, title_is_own, model, recipe, current_leaf, created_at, "
                          "updated_at, deleted_at, pinned, draft, system_prompt, thinking"_L1;

qint64 milliseconds(const QDateTime& time) {
    return (time.isValid() ? time : QDateTime::currentDateTimeUtc()).toMSecsSinceEpoch();
}

ChatRecord recordOf(const QSqlQuery& row) {
    ChatRecord chat;
    chat.id = row.value(0).toString();
    chat.title = row.value(1).toString();
    chat.titleIsOwn = row.value(2).toBool();
    chat.model = row.value(3).toString();
    chat.recipe = row.value(4).toString();
    chat.currentLeaf = row.value(5).toString();
    chat.createdAt = QDateTime::fromMSecsSinceEpoch(row.value(6).toLongLong());
    chat.updatedAt = QDateTime::fromMSecsSinceEpoch(row.value(7).toLongLong());
    if (!row.isNull(8))
        chat.deletedAt = QDateTime::fromMSecsSinceEpoch(row.value(8).toLongLong());
    chat.pinned = row.value(9).toBool();
    chat.draft = row.value(10).toString();
    chat.systemPrompt = row.value(11).toString();
    chat.thinking = row.value(12).toBool();
    return chat;
}

/// A null text is stored as an empty one.
QString text(const QString& value) {
    return value.isNull() ? u""_s : value;
}

Expected<void> changedOne(const Expected<QSqlQuery>& query) {
    if (!query)
        return std::unexpected(query.error());
    if (query->numRowsAffected() == 0)
        return fail(ErrorKind::NotFound,
                    "This chat is not in the history any more; start a new one.");
    return {};
}

} // namespace

Expected<QList<ChatRecord>> readChats(Database& database, int limit, int offset) {
    auto rows = database.run(u"SELECT "_s + kColumns
                                 + u" FROM chat WHERE deleted_at IS NULL"
                                   " ORDER BY pinned DESC, updated_at DESC, id LIMIT ? OFFSET ?"_s,
                             {limit, offset});
    if (!rows)
        return std::unexpected(rows.error());
    QList<ChatRecord> chats;
    while (rows->next())
        chats.append(recordOf(*rows));
    return chats;
}

Expected<ChatRecord> readChat(Database& database, const QString& chatId) {
    auto row = database.run(u"SELECT "_s + kColumns + u" FROM chat WHERE id = ?"_s, {chatId});
    if (!row)
        return std::unexpected(row.error());
    if (!row->next())
        return fail(ErrorKind::NotFound,
                    "This chat is not in the history any more; start a new one.");
    return recordOf(*row);
}

Expected<void> insertChat(Database& database, const ChatRecord& chat) {
    return changedOne(database.run(
        u"INSERT INTO chat ("_s + kColumns
            + u") VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, ?)"_s,
        {chat.id, text(chat.title), chat.titleIsOwn, text(chat.model), text(chat.recipe),
         text(chat.currentLeaf), milliseconds(chat.createdAt), milliseconds(chat.updatedAt),
         chat.pinned, text(chat.draft), text(chat.systemPrompt), chat.thinking}));
}

Expected<void> updateChat(Database& database, const ChatRecord& chat) {
    return changedOne(database.run(
        u"UPDATE chat SET title = ?, title_is_own = ?, model = ?, recipe = ?, current_leaf = ?,"
        " updated_at = ?, pinned = ?, draft = ?, system_prompt = ?, thinking = ? WHERE id = ?"_s,
        {text(chat.title), chat.titleIsOwn, text(chat.model), text(chat.recipe),
         text(chat.currentLeaf), milliseconds(chat.updatedAt), chat.pinned, text(chat.draft),
         text(chat.systemPrompt), chat.thinking, chat.id}));
}

Expected<void> setChatDeleted(Database& database, const QString& chatId,
                              const QDateTime& deletedAt) {
    const QVariant time =
        deletedAt.isValid() ? QVariant(deletedAt.toMSecsSinceEpoch()) : QVariant();
    return changedOne(
        database.run(u"UPDATE chat SET deleted_at = ? WHERE id = ?"_s, {time, chatId}));
}

Expected<void> purgeTrash(Database& database, const QDateTime& limit) {
    const auto done =
        database.run(u"DELETE FROM chat WHERE deleted_at < ?"_s, {limit.toMSecsSinceEpoch()});
    return done ? Expected<void>() : std::unexpected(done.error());
}

Expected<QString> readSetting(Database& database, const QString& key) {
    auto row = database.run(u"SELECT value FROM setting WHERE key = ?"_s, {key});
    if (!row)
        return std::unexpected(row.error());
    return row->next() ? row->value(0).toString() : QString();
}

Expected<void> writeSetting(Database& database, const QString& key, const QString& value) {
    const auto done = database.run(u"INSERT INTO setting (key, value) VALUES (?, ?)"
                                   " ON CONFLICT (key) DO UPDATE SET value = excluded.value"_s,
                                   {key, text(value)});
    return done ? Expected<void>() : std::unexpected(done.error());
}

} // namespace lapidary::app
