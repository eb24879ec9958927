#pragma once

#include "chat_records.h"

#include <kernels/error.h>

#include <QDateTime>
#include <QFuture>
#include <QObject>
#include <QThread>

#include <chrono>
#include <functional>
#include <memory>

namespace lapidary::app {

class Database;
class StoreWorker;

/// The history: chats, messages and attachments of one profile, in `chats.db` (SQLite, WAL) and the
/// folder `attachments` beside it.
///
/// Made on the UI thread with the profile's data folder; opens the file on a thread of its own and
/// does every call there, in the order of the calls. Futures report on the thread that awaits them:
/// use `.then(this, …)`. Reading calls see every write called before them.
///
/// A write that the disk refuses (full, read-only, locked by another program) is kept in memory
/// with all that follow it, `trouble` says so, and it is tried again every 10 seconds; its future
/// ends when it is on disk. `flush` waits for the thread and belongs at the end of the program
/// only.
class ChatStore final : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Application makes it")
    /// What is wrong with the storage now, in one sentence that says what to do; "" when all is
    /// well.
    Q_PROPERTY(QString trouble READ trouble NOTIFY troubleChanged FINAL)
    /// What the start found after an unexpected end of the program, one sentence; else "".
    Q_PROPERTY(QString recovery READ recovery NOTIFY recoveryChanged FINAL)

public:
    struct Options {
        std::chrono::milliseconds retryInterval = std::chrono::seconds(10);
    };

    explicit ChatStore(const QString& folder, QObject* parent = nullptr);
    ChatStore(const QString& folder, const Options& options, QObject* parent = nullptr);
    ~ChatStore() override;

    /// A new name for a chat or message, never used before.
    [[nodiscard]] static QString newId();

    [[nodiscard]] QString trouble() const;
    [[nodiscard]] QString recovery() const;

    /// Chats outside the trash: pinned ones first, then by `updatedAt`, newest first.
    QFuture<Expected<QList<ChatRecord>>> chats(int limit, int offset);

    /// NotFound.
    QFuture<Expected<ChatRecord>> chat(const QString& chatId);

    /// All messages of a chat, all branches, in order of creation. Attachments without their bytes.
    QFuture<Expected<QList<MessageRecord>>> messages(const QString& chatId);

    QFuture<Expected<void>> createChat(const ChatRecord& chat);

    /// Writes all fields of the chat but `deletedAt`, which only trash and restore change.
    QFuture<Expected<void>> updateChat(const ChatRecord& chat);
    QFuture<Expected<void>> trashChat(const QString& chatId);
    QFuture<Expected<void>> restoreChat(const QString& chatId);

    /// A message whose state is Streaming gets its text by `appendPart` and ends by
    /// `finishMessage`.
    QFuture<Expected<void>> addMessage(const MessageRecord& message);

    /// Writes all fields of a message that is not streaming.
    QFuture<Expected<void>> updateMessage(const MessageRecord& message);

    /// Adds text to a streaming message; batch it with StreamWriter.
    QFuture<Expected<void>> appendPart(const QString& messageId, TextChannel channel,
                                       const QString& text);

    /// Writes the whole message and drops its parts, in one synchronised transaction.
    QFuture<Expected<void>> finishMessage(const MessageRecord& message);

    /// Keeps the bytes under their SHA-256 and returns it. An attachment that no message names is
    /// removed at a later start.
    QFuture<Expected<QString>> storeAttachment(const QByteArray& bytes);
    QFuture<Expected<QByteArray>> attachment(const QString& hash);

    /// Small things that belong to the history, such as which chat was open. "" when never set.
    QFuture<Expected<QString>> setting(const QString& key);
    QFuture<Expected<void>> setSetting(const QString& key, const QString& value);

    /// Waits until every call made so far is on disk or has failed once. Any thread; at the end of
    /// the program and in its terminate handler only. False: not done within the time.
    bool flush(std::chrono::milliseconds limit = std::chrono::seconds(2));

signals:
    void troubleChanged();
    void recoveryChanged();

private:
    enum class Durability : std::uint8_t {
        InTheLog,     ///< survives the end of the program
        OnTheSurface, ///< survives a power cut
    };

    template <class T>
    QFuture<Expected<T>> read(std::function<Expected<T>(StoreWorker&)> task);
    QFuture<Expected<void>> write(std::function<Expected<void>(Database&)> task,
                                  Durability durability = Durability::InTheLog);

    std::unique_ptr<StoreWorker> worker_; ///< lives on thread_, deleted when that has ended
    QThread thread_;
    QString trouble_;
    QString recovery_;
};

} // namespace lapidary::app
