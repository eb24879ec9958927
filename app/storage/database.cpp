#include "database.h"

#include "schema.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSqlError>
#include <QUrl>
#include <QUuid>

#include <utility>

namespace lapidary::app {
namespace {

using namespace Qt::StringLiterals;

QString tr(const char* text) {
    return QCoreApplication::translate("ChatStore", text);
}

/// Primary result codes of SQLite (sqlite.org/rescode.html).
enum SqliteCode : int {
    Permission = 3,
    Busy = 5,
    Locked = 6,
    ReadOnlyFile = 8,
    InputOutput = 10,
    CorruptFile = 11,
    Full = 13,
    CannotOpen = 14,
    Authorization = 23,
    NotADatabase = 26,
};

Error errorOf(const QSqlError& error) {
    // The low byte of an extended code is the primary one.
    const int code = error.nativeErrorCode().toInt() & 0xff;
    const std::string detail = error.text().toStdString();
    const auto make = [&](ErrorKind kind, const QString& sentence) {
        return Error{kind, sentence.toStdString(), detail};
    };
    switch (code) {
    case Full:
        return make(ErrorKind::NoSpace,
                    tr("No space on the disk: chats are kept in memory until there is space."));
    case InputOutput:
        return make(ErrorKind::NoSpace, tr("The disk refuses the chats: they are kept in memory "
                                           "and tried again. Check the disk."));
    case Busy:
    case Locked:
        return make(ErrorKind::Denied,
                    tr("The chat file is used by another program: chats are kept in memory until "
                       "it lets go. Close the other program."));
    case Permission:
    case ReadOnlyFile:
    case CannotOpen:
    case Authorization:
        return make(ErrorKind::Denied,
                    tr("The chat folder cannot be written: chats are kept in memory until it can. "
                       "Check its permissions."));
    case CorruptFile:
    case NotADatabase:
        return make(ErrorKind::Corrupt, tr("The chat file is damaged: start Lapidary again, it "
                                           "keeps the file aside and begins a new one."));
    default:
        return make(ErrorKind::Corrupt, tr("The chat file refused a change: start Lapidary again. "
                                           "The details are in the log."));
    }
}

bool canWrite(const QString& folder) {
    return QDir().mkpath(folder) && QFileInfo(folder).isWritable();
}

/// Moves a damaged database and what belongs to it aside; the new name, or "" when that failed.
QString moveAside(const QString& file) {
    const QString stamp = QDateTime::currentDateTime().toString(u"yyyyMMdd-HHmmss"_s);
    QString target = file.chopped(3) + u".damaged-"_s + stamp + u".db"_s;
    if (!QFile::rename(file, target))
        return {};
    for (const QString& suffix : {u"-wal"_s, u"-shm"_s}) {
        if (QFile::exists(file + suffix) && !QFile::rename(file + suffix, target + suffix))
            return {};
    }
    return target;
}

} // namespace

Database::Opened Database::open(const QString& folder) {
    const QString file = folder + u"/chats.db"_s;
    const bool writable = canWrite(folder);
    if (!writable && !QFile::exists(file)) {
        auto memory = tryOpen(u":memory:"_s, Access::Memory);
        return {std::move(*memory),
                tr("The folder %1 cannot be written: chats are gone when Lapidary ends. Check its "
                   "permissions, then start again.")
                    .arg(folder)};
    }
    const bool readWrite = writable && (!QFile::exists(file) || QFileInfo(file).isWritable());
    auto opened = tryOpen(file, readWrite ? Access::ReadWrite : Access::ReadOnly);
    if (!opened && opened.error().kind == ErrorKind::Corrupt && readWrite) {
        const QString aside = moveAside(file);
        if (!aside.isEmpty()) {
            auto fresh = tryOpen(file, Access::ReadWrite);
            if (fresh)
                return {std::move(*fresh), tr("The chat file was damaged and is kept as %1; a new "
                                              "one has begun.")
                                               .arg(QFileInfo(aside).fileName())};
            opened = std::move(fresh);
        }
    }
    if (!opened) {
        auto memory = tryOpen(u":memory:"_s, Access::Memory);
        return {std::move(*memory), QString::fromStdString(opened.error().sentence)};
    }
    QString trouble;
    if ((*opened)->version_ > kSchemaVersion) {
        auto readable = tryOpen(file, Access::ReadOnly);
        if (readable) {
            opened = std::move(readable);
            (*opened)->mayBecomeWritable_ = false;
        }
        trouble = tr("A newer Lapidary wrote these chats: they can be read, and nothing new is "
                     "kept. Start the newer Lapidary.");
    } else if (!readWrite) {
        trouble = tr("The chat folder cannot be written: chats are kept in memory until it can. "
                     "Check its permissions.");
    }
    return {std::move(*opened), trouble};
}

Expected<std::unique_ptr<Database>> Database::tryOpen(const QString& file, Access access) {
    std::unique_ptr<Database> database(new Database(file, access)); // its constructor is private
    if (!database->connection_.open())
        return std::unexpected(errorOf(database->connection_.lastError()));
    if (const Expected<void> prepared = database->prepare(); !prepared)
        return std::unexpected(prepared.error());
    return database;
}

Database::Database(const QString& file, Access access)
    : name_(QUuid::createUuid().toString())
    , connection_(QSqlDatabase::addDatabase(u"QSQLITE"_s, name_))
    , access_(access) {
    connection_.setConnectOptions(u"QSQLITE_BUSY_TIMEOUT=5000"_s);
    if (access == Access::ReadOnly) {
        // Without a writable folder there is no shared memory file; nobody else writes it either.
        const bool alone = !QFileInfo(QFileInfo(file).absolutePath()).isWritable();
        connection_.setConnectOptions(
            u"QSQLITE_BUSY_TIMEOUT=5000;QSQLITE_OPEN_READONLY;QSQLITE_OPEN_URI"_s);
        connection_.setDatabaseName(
            QString::fromUtf8(QUrl::fromLocalFile(file).toEncoded())
            + (alone && !QFile::exists(file + u"-wal"_s) ? u"?immutable=1"_s : QString()));
    } else {
        connection_.setDatabaseName(file);
    }
}

Database::~Database() {
    connection_.close();
    connection_ = QSqlDatabase(); // the registry lets go of it only when nobody holds it
    QSqlDatabase::removeDatabase(name_);
}

Expected<void> Database::prepare() {
    // Also the first read of the file: a damaged one is found here.
    const auto version = schemaVersion(*this);
    if (!version)
        return std::unexpected(version.error());
    version_ = *version;
    if (access_ == Access::ReadOnly || version_ > kSchemaVersion)
        return {};
    QStringList pragmas = {u"PRAGMA journal_mode=WAL"_s, u"PRAGMA synchronous=NORMAL"_s,
                           u"PRAGMA foreign_keys=ON"_s};
    for (const QString& pragma : std::as_const(pragmas)) {
        if (const auto done = run(pragma); !done)
            return std::unexpected(done.error());
    }
    if (version_ == kSchemaVersion) {
        // Cheap next to a whole integrity check, and reads every page once.
        auto check = run(u"PRAGMA quick_check(1)"_s);
        if (!check)
            return std::unexpected(check.error());
        if (!check->next() || check->value(0).toString() != u"ok")
            return fail(ErrorKind::Corrupt, tr("The chat file is damaged.").toStdString());
        return {};
    }
    return migrate(*this, version_);
}

Expected<QSqlQuery> Database::run(const QString& sql, const QVariantList& values) {
    QSqlQuery query(connection_);
    query.setForwardOnly(true);
    if (!query.prepare(sql))
        return std::unexpected(errorOf(query.lastError()));
    for (const QVariant& value : values)
        query.addBindValue(value);
    if (!query.exec())
        return std::unexpected(errorOf(query.lastError()));
    return query;
}

Expected<void> Database::transaction(const std::function<Expected<void>(Database&)>& task) {
    if (const auto begun = run(u"BEGIN IMMEDIATE"_s); !begun)
        return std::unexpected(begun.error());
    Expected<void> done = task(*this);
    if (done) {
        if (const auto committed = run(u"COMMIT"_s); !committed)
            done = std::unexpected(committed.error());
    }
    if (done)
        return done;
    // After a full disk SQLite may have rolled back by itself; then this finds no transaction.
    if (const auto rolledBack = run(u"ROLLBACK"_s); !rolledBack)
        qDebug("ROLLBACK: %s", rolledBack.error().detail.c_str());
    return done;
}

Expected<void> Database::durableTransaction(const std::function<Expected<void>(Database&)>& task) {
    if (const auto set = run(u"PRAGMA synchronous=FULL"_s); !set)
        return std::unexpected(set.error());
    const Expected<void> done = transaction(task);
    const auto reset = run(u"PRAGMA synchronous=NORMAL"_s);
    return done && !reset ? std::unexpected(reset.error()) : done;
}

} // namespace lapidary::app
