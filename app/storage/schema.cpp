#include "schema.h"

#include "database.h"

#include <array>
#include <span>

namespace lapidary::app {
namespace {

using namespace Qt::StringLiterals;

Expected<void> runAll(Database& database, std::span<const char* const> statements) {
    for (const char* statement : statements) {
        if (const auto done = database.run(QString::fromUtf8(statement)); !done)
            return std::unexpected(done.error());
    }
    return {};
}

/// Chats, their trees of messages, the parts of what streams, attachments, settings. Times are
/// milliseconds since the epoch.
Expected<void> migrateTo1(Database& database) {
    constexpr std::array kStatements = {
        "CREATE TABLE schema_version (version INTEGER NOT NULL)",
        "INSERT INTO schema_version VALUES (0)",
        "CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE chat ("
        " id TEXT PRIMARY KEY,"
        " title TEXT NOT NULL,"
        " title_is_own INTEGER NOT NULL,"
        " model TEXT NOT NULL,"
        " recipe TEXT NOT NULL,"
        " current_leaf TEXT NOT NULL,"
        " created_at INTEGER NOT NULL,"
        " updated_at INTEGER NOT NULL,"
        " deleted_at INTEGER,"
        " pinned INTEGER NOT NULL,"
        " draft TEXT NOT NULL,"
        " system_prompt TEXT NOT NULL,"
        " thinking INTEGER NOT NULL)",
        "CREATE INDEX chat_in_list ON chat (deleted_at, pinned DESC, updated_at DESC, id)",
        "CREATE TABLE message ("
        " sequence INTEGER PRIMARY KEY,"
        " id TEXT NOT NULL UNIQUE,"
        " chat_id TEXT NOT NULL REFERENCES chat (id) ON DELETE CASCADE,"
        " parent_id TEXT NOT NULL,"
        " role INTEGER NOT NULL,"
        " state INTEGER NOT NULL,"
        " thought TEXT NOT NULL,"
        " answer TEXT NOT NULL,"
        " thought_start INTEGER NOT NULL,"
        " thought_end INTEGER NOT NULL,"
        " model TEXT NOT NULL,"
        " recipe TEXT NOT NULL,"
        " statistics TEXT NOT NULL,"
        " created_at INTEGER NOT NULL)",
        "CREATE INDEX message_of_chat ON message (chat_id, sequence)",
        "CREATE INDEX message_unfinished ON message (state) WHERE state IN (1, 6)",
        "CREATE TABLE part ("
        " message_id TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,"
        " sequence INTEGER NOT NULL,"
        " channel INTEGER NOT NULL,"
        " text TEXT NOT NULL,"
        " created_at INTEGER NOT NULL,"
        " PRIMARY KEY (message_id, sequence)) WITHOUT ROWID",
        "CREATE TABLE attachment ("
        " hash TEXT PRIMARY KEY,"
        " bytes INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE message_attachment ("
        " message_id TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,"
        " position INTEGER NOT NULL,"
        " hash TEXT NOT NULL REFERENCES attachment (hash),"
        " name TEXT NOT NULL,"
        " mime_type TEXT NOT NULL,"
        " width INTEGER NOT NULL,"
        " height INTEGER NOT NULL,"
        " budget INTEGER NOT NULL,"
        " PRIMARY KEY (message_id, position)) WITHOUT ROWID",
        "CREATE INDEX attachment_use ON message_attachment (hash)",
    };
    return runAll(database, kStatements);
}

using Migration = Expected<void> (*)(Database&);
constexpr std::array<Migration, kSchemaVersion> kMigrations = {&migrateTo1};

} // namespace

Expected<int> schemaVersion(Database& database) {
    auto table = database.run(
        u"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'"_s);
    if (!table)
        return std::unexpected(table.error());
    if (!table->next() || table->value(0).toInt() == 0)
        return 0;
    auto version = database.run(u"SELECT version FROM schema_version"_s);
    if (!version)
        return std::unexpected(version.error());
    return version->next() ? version->value(0).toInt() : 0;
}

Expected<void> migrate(Database& database, int version) {
    for (int next = version + 1; next <= kSchemaVersion; ++next) {
        const Expected<void> done = database.transaction([next](Database& open) -> Expected<void> {
            const Expected<void> migrated = kMigrations[static_cast<std::size_t>(next - 1)](open);
            if (!migrated)
                return migrated;
            if (const auto set = open.run(u"UPDATE schema_version SET version = ?"_s, {next}); !set)
                return std::unexpected(set.error());
            return {};
        });
        if (!done)
            return done;
    }
    return {};
}

} // namespace lapidary::app
