#include "message_table.h"

#include "database.h"

#include <QHash>

#include <utility>

namespace lapidary::app {
namespace {

using namespace Qt::StringLiterals;

QString text(const QString& value) {
    return value.isNull() ? u""_s : value;
}

Expected<void> done(const Expected<QSqlQuery>& query) {
    return query ? Expected<void>() : std::unexpected(query.error());
}

template <class Enum>
QVariant number(Enum value) {
    return static_cast<int>(std::to_underlying(value));
}

MessageRecord recordOf(const QSqlQuery& row) {
    MessageRecord message;
    message.id = row.value(0).toString();
    message.chatId = row.value(1).toString();
    message.parentId = row.value(2).toString();
    message.role = static_cast<MessageRole>(row.value(3).toInt());
    message.state = static_cast<MessageState>(row.value(4).toInt());
    message.thought = row.value(5).toString();
    message.answer = row.value(6).toString();
    message.thoughtStartMs = row.value(7).toLongLong();
    message.thoughtEndMs = row.value(8).toLongLong();
    message.model = row.value(9).toString();
    message.recipe = row.value(10).toString();
    message.statistics = row.value(11).toString();
    message.createdAt = QDateTime::fromMSecsSinceEpoch(row.value(12).toLongLong());
    return message;
}

using MessagesById = QHash<QString, MessageRecord*>;

Expected<void> addAttachments(Database& database, const QString& chatId,
                              const MessagesById& messages) {
    auto rows = database.run(
        u"SELECT m.id, a.hash, a.name, a.mime_type, a.width, a.height, a.budget, f.bytes"
        " FROM message m JOIN message_attachment a ON a.message_id = m.id"
        " JOIN attachment f ON f.hash = a.hash"
        " WHERE m.chat_id = ? ORDER BY a.message_id, a.position"_s,
        {chatId});
    if (!rows)
        return std::unexpected(rows.error());
    while (rows->next()) {
        messages[rows->value(0).toString()]->attachments.append({
            .hash = rows->value(1).toString(),
            .name = rows->value(2).toString(),
            .mimeType = rows->value(3).toString(),
            .width = rows->value(4).toInt(),
            .height = rows->value(5).toInt(),
            .budget = rows->value(6).toInt(),
            .bytes = rows->value(7).toLongLong(),
        });
    }
    return {};
}

Expected<void> addParts(Database& database, const QString& chatId, const MessagesById& messages) {
    auto rows = database.run(u"SELECT m.id, p.channel, p.text FROM message m"
                             " JOIN part p ON p.message_id = m.id"
                             " WHERE m.chat_id = ? ORDER BY p.message_id, p.sequence"_s,
                             {chatId});
    if (!rows)
        return std::unexpected(rows.error());
    while (rows->next()) {
        MessageRecord* message = messages[rows->value(0).toString()];
        const auto channel = static_cast<TextChannel>(rows->value(1).toInt());
        (channel == TextChannel::Thought ? message->thought : message->answer)
            .append(rows->value(2).toString());
    }
    return {};
}

Expected<void> writeAttachments(Database& database, const MessageRecord& message) {
    if (const auto cleared =
            database.run(u"DELETE FROM message_attachment WHERE message_id = ?"_s, {message.id});
        !cleared)
        return std::unexpected(cleared.error());
    for (int position = 0; const AttachmentRecord& attachment : message.attachments) {
        const Expected<void> known = insertAttachment(database, attachment.hash, attachment.bytes);
        if (!known)
            return known;
        const auto added = database.run(
            u"INSERT INTO message_attachment (message_id, position, hash, name, mime_type, width,"
            " height, budget) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"_s,
            {message.id, position++, attachment.hash, text(attachment.name),
             text(attachment.mimeType), attachment.width, attachment.height, attachment.budget});
        if (!added)
            return std::unexpected(added.error());
    }
    return {};
}

} // namespace

Expected<QList<MessageRecord>> readMessages(Database& database, const QString& chatId) {
    auto rows = database.run(u"SELECT id, chat_id, parent_id, role, state, thought, answer,"
                             " thought_start, thought_end, model, recipe, statistics, created_at"
                             " FROM message WHERE chat_id = ? ORDER BY sequence"_s,
                             {chatId});
    if (!rows)
        return std::unexpected(rows.error());
    QList<MessageRecord> messages;
    while (rows->next())
        messages.append(recordOf(*rows));
    MessagesById byId;
    for (MessageRecord& message : messages)
        byId.insert(message.id, &message);
    if (const Expected<void> added = addAttachments(database, chatId, byId); !added)
        return std::unexpected(added.error());
    if (const Expected<void> added = addParts(database, chatId, byId); !added)
        return std::unexpected(added.error());
    return messages;
}

Expected<void> insertMessage(Database& database, const MessageRecord& message) {
    const QDateTime created =
        message.createdAt.isValid() ? message.createdAt : QDateTime::currentDateTimeUtc();
    const auto inserted = database.run(
        u"INSERT INTO message (id, chat_id, parent_id, role, state, thought, answer, thought_start,"
        " thought_end, model, recipe, statistics, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"_s,
        {message.id, message.chatId, text(message.parentId), number(message.role),
         number(message.state), text(message.thought), text(message.answer), message.thoughtStartMs,
         message.thoughtEndMs, text(message.model), text(message.recipe), text(message.statistics),
         created.toMSecsSinceEpoch()});
    if (!inserted)
        return std::unexpected(inserted.error());
    return writeAttachments(database, message);
}

Expected<void> replaceMessage(Database& database, const MessageRecord& message) {
    const auto updated = database.run(
        u"UPDATE message SET parent_id = ?, role = ?, state = ?, thought = ?, answer = ?,"
        " thought_start = ?, thought_end = ?, model = ?, recipe = ?, statistics = ? WHERE id = ?"_s,
        {text(message.parentId), number(message.role), number(message.state), text(message.thought),
         text(message.answer), message.thoughtStartMs, message.thoughtEndMs, text(message.model),
         text(message.recipe), text(message.statistics), message.id});
    if (!updated)
        return std::unexpected(updated.error());
    if (updated->numRowsAffected() == 0)
        return fail(ErrorKind::NotFound, "This message is not in the history any more; ask again.");
    if (const auto dropped = database.run(u"DELETE FROM part WHERE message_id = ?"_s, {message.id});
        !dropped)
        return std::unexpected(dropped.error());
    return writeAttachments(database, message);
}

Expected<void> insertPart(Database& database, const QString& messageId, TextChannel channel,
                          const QString& partText) {
    return done(database.run(
        u"INSERT INTO part (message_id, sequence, channel, text, created_at) VALUES (?,"
        " (SELECT coalesce(max(sequence), 0) + 1 FROM part WHERE message_id = ?), ?, ?, ?)"_s,
        {messageId, messageId, number(channel), text(partText),
         QDateTime::currentMSecsSinceEpoch()}));
}

Expected<Leftovers> foldLeftovers(Database& database) {
    auto rows = database.run(u"SELECT count(*), (SELECT max(created_at) FROM part)"
                             " FROM message WHERE state IN (?, ?)"_s,
                             {number(MessageState::Streaming), number(MessageState::Queued)});
    if (!rows)
        return std::unexpected(rows.error());
    Leftovers leftovers;
    if (rows->next()) {
        leftovers.messages = rows->value(0).toInt();
        if (!rows->isNull(1))
            leftovers.lastText = QDateTime::fromMSecsSinceEpoch(rows->value(1).toLongLong());
    }
    rows->finish();
    // group_concat over an ordered subquery joins in that order.
    const QString joined = u"(SELECT coalesce(group_concat(text, ''), '') FROM (SELECT text FROM"
                           " part WHERE message_id = message.id AND channel = %1"
                           " ORDER BY sequence))"_s;
    const auto folded = database.run(
        u"UPDATE message SET state = ?, thought = thought || %1, answer = answer || %2"
        " WHERE state IN (?, ?)"_s.arg(joined.arg(std::to_underlying(TextChannel::Thought)),
                                       joined.arg(std::to_underlying(TextChannel::Answer))),
        {number(MessageState::Interrupted), number(MessageState::Streaming),
         number(MessageState::Queued)});
    if (!folded)
        return std::unexpected(folded.error());
    if (const auto dropped = database.run(u"DELETE FROM part"_s); !dropped)
        return std::unexpected(dropped.error());
    return leftovers;
}

Expected<void> insertAttachment(Database& database, const QString& hash, qint64 bytes) {
    return done(database.run(
        u"INSERT INTO attachment (hash, bytes) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING"_s,
        {hash, bytes}));
}

Expected<QStringList> keepUsedAttachments(Database& database) {
    if (const auto dropped = database.run(u"DELETE FROM attachment WHERE hash NOT IN"
                                          " (SELECT hash FROM message_attachment)"_s);
        !dropped)
        return std::unexpected(dropped.error());
    auto rows = database.run(u"SELECT hash FROM attachment"_s);
    if (!rows)
        return std::unexpected(rows.error());
    QStringList used;
    while (rows->next())
        used.append(rows->value(0).toString());
    return used;
}

} // namespace lapidary::app
