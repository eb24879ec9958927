#include "store_worker.h"

#include "chat_table.h"
#include "message_table.h"

#include <QDir>
#include <QLocale>

#include <utility>

namespace lapidary::app {
namespace {

using namespace Qt::StringLiterals;

constexpr int kTrashDays = 30;
/// In the table `setting`: "1" from the start of the program to its orderly end.
constexpr auto kRunning = "running"_L1;

/// True: the same write may succeed later.
bool passes(const Error& error) {
    return error.kind == ErrorKind::NoSpace || error.kind == ErrorKind::Denied;
}

} // namespace

StoreWorker::StoreWorker(QString folder, std::chrono::milliseconds retryInterval)
    : folder_(std::move(folder)), attachments_(folder_ + u"/attachments"_s), retryTimer_(this) {
    retryTimer_.setSingleShot(true);
    retryTimer_.setInterval(retryInterval);
    connect(&retryTimer_, &QTimer::timeout, this, &StoreWorker::retry);
}

StoreWorker::~StoreWorker() = default;

void StoreWorker::open() {
    openDatabase();
    recover();
}

void StoreWorker::openDatabase() {
    database_.reset();
    Database::Opened opened = Database::open(folder_);
    database_ = std::move(opened.database);
    openTrouble_ = opened.trouble;
    setTrouble(openTrouble_);
}

void StoreWorker::recover() {
    if (database_->access() == Database::Access::ReadOnly)
        return;
    Leftovers leftovers;
    bool endedUnexpectedly = false;
    QStringList used;
    const Expected<void> done =
        database_->durableTransaction([&](Database& database) -> Expected<void> {
            const auto running = readSetting(database, kRunning);
            if (!running)
                return std::unexpected(running.error());
            endedUnexpectedly = *running == u"1";
            const auto folded = foldLeftovers(database);
            if (!folded)
                return std::unexpected(folded.error());
            leftovers = *folded;
            const QDateTime limit = QDateTime::currentDateTimeUtc().addDays(-kTrashDays);
            if (const auto purged = purgeTrash(database, limit); !purged)
                return purged;
            const auto kept = keepUsedAttachments(database);
            if (!kept)
                return std::unexpected(kept.error());
            used = *kept;
            return writeSetting(database, kRunning, u"1"_s);
        });
    if (!done) {
        setTrouble(QString::fromStdString(done.error().sentence));
        return;
    }
    attachments_.keepOnly(used);
    if (!endedUnexpectedly || leftovers.messages == 0)
        return;
    if (leftovers.lastText.isValid())
        emit recovered(
            tr("Lapidary ended unexpectedly; the answer up to %1 was kept.")
                .arg(QLocale().toString(leftovers.lastText.toLocalTime().time(), u"HH:mm:ss"_s)));
    else
        emit recovered(tr("Lapidary ended unexpectedly; the question was kept."));
}

void StoreWorker::write(Write write) {
    if (!waiting_.empty()) {
        waiting_.push_back(std::move(write)); // order matters: an answer after its question
        return;
    }
    const Expected<void> done = run(write);
    if (!done && passes(done.error()))
        wait(std::move(write), done.error());
    else
        write.done(done);
}

Expected<void> StoreWorker::run(const Write& write) {
    if (database_->access() == Database::Access::ReadOnly)
        return fail(ErrorKind::Denied, openTrouble_.toStdString());
    return write.durable ? database_->durableTransaction(write.task)
                         : database_->transaction(write.task);
}

void StoreWorker::wait(Write write, const Error& error) {
    waiting_.push_front(std::move(write));
    setTrouble(QString::fromStdString(error.sentence));
    const bool mayPass =
        database_->access() != Database::Access::ReadOnly || database_->mayBecomeWritable();
    if (mayPass)
        retryTimer_.start();
}

void StoreWorker::retry() {
    if (database_->access() == Database::Access::ReadOnly && database_->mayBecomeWritable())
        open();
    while (!waiting_.empty()) {
        Write next = std::move(waiting_.front());
        waiting_.pop_front();
        const Expected<void> done = run(next);
        if (!done && passes(done.error())) {
            wait(std::move(next), done.error());
            return;
        }
        next.done(done);
    }
    setTrouble(openTrouble_);
}

QString StoreWorker::storeAttachment(const QByteArray& bytes) {
    QString hash = AttachmentFolder::hashOf(bytes);
    const Expected<void> stored = attachments_.store(hash, bytes);
    if (stored)
        return hash;
    attachmentsInMemory_.insert(hash, bytes);
    wait({.task = [this, hash](Database&) -> Expected<void> {
              const Expected<void> again =
                  attachments_.store(hash, attachmentsInMemory_.value(hash));
              if (again)
                  attachmentsInMemory_.remove(hash);
              return again;
          },
          .done = [](const Expected<void>&) {}},
         stored.error());
    return hash;
}

Expected<QByteArray> StoreWorker::attachment(const QString& hash) {
    if (const auto found = attachmentsInMemory_.constFind(hash);
        found != attachmentsInMemory_.cend())
        return *found;
    return attachments_.load(hash);
}

void StoreWorker::close() {
    retryTimer_.stop();
    if (!waiting_.empty())
        retry();
    retryTimer_.stop();
    if (database_->access() == Database::Access::ReadWrite && waiting_.empty()) {
        const Expected<void> ended = database_->transaction(
            [](Database& database) { return writeSetting(database, kRunning, u"0"_s); });
        if (!ended)
            qWarning("The end of the program is not noted: %s", ended.error().detail.c_str());
    }
    if (!waiting_.empty())
        qWarning("%zu changes of the history could not be written", waiting_.size());
    database_.reset();
}

void StoreWorker::setTrouble(const QString& sentence) {
    if (std::exchange(trouble_, sentence) != sentence)
        emit troubled(sentence);
}

} // namespace lapidary::app
