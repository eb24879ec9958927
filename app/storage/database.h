#pragma once

#include <kernels/error.h>

#include <QSqlDatabase>
#include <QSqlQuery>
#include <QString>
#include <QVariantList>

#include <cstdint>
#include <functional>
#include <memory>

namespace lapidary::app {

/// One connection to `chats.db`. Made, used and destroyed on one thread.
class Database {
public:
    enum class Access : std::uint8_t {
        ReadWrite,
        ReadOnly, ///< the file or its folder cannot be written, or a newer Lapidary wrote it
        Memory,   ///< there is no file and none can be made
    };

    /// What opening came to: always a database that can be read, and what is wrong with it.
    struct Opened {
        std::unique_ptr<Database> database;
        QString trouble; ///< one sentence, or ""
    };

    /// Opens `folder`/chats.db, makes it when it is not there, brings an older one up to date. A
    /// damaged file is renamed, never deleted, and a new one begun.
    [[nodiscard]] static Opened open(const QString& folder);

    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    [[nodiscard]] Access access() const { return access_; }
    /// False: what makes it read-only will not go away while the program runs.
    [[nodiscard]] bool mayBecomeWritable() const { return mayBecomeWritable_; }

    /// Runs one statement. NoSpace, Denied (read-only, locked for 5 s), Corrupt.
    [[nodiscard]] Expected<QSqlQuery> run(const QString& sql, const QVariantList& values = {});

    /// Runs the task in one transaction, rolled back when it fails.
    [[nodiscard]] Expected<void> transaction(const std::function<Expected<void>(Database&)>& task);

    /// As `transaction`, and on the disk's surface before it returns.
    [[nodiscard]] Expected<void>
    durableTransaction(const std::function<Expected<void>(Database&)>& task);

private:
    Database(const QString& file, Access access);

    [[nodiscard]] Expected<void> prepare();
    [[nodiscard]] static Expected<std::unique_ptr<Database>> tryOpen(const QString& file,
                                                                     Access access);

    QString name_; ///< of the Qt connection
    QSqlDatabase connection_;
    Access access_;
    bool mayBecomeWritable_ = true;
    int version_ = 0;
};

} // namespace lapidary::app
