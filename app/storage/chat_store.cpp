#include "chat_store.h"

#include "chat_table.h"
#include "message_table.h"
#include "store_worker.h"

#include <QPromise>
#include <QUuid>

#include <semaphore>
#include <utility>

namespace lapidary::app {
namespace {

template <class T>
auto startedPromise() {
    auto promise = std::make_shared<QPromise<Expected<T>>>();
    promise->start();
    return promise;
}

} // namespace

ChatStore::ChatStore(const QString& folder, QObject* parent)
    : ChatStore(folder, Options(), parent) {}

ChatStore::ChatStore(const QString& folder, const Options& options, QObject* parent)
    : QObject(parent), worker_(std::make_unique<StoreWorker>(folder, options.retryInterval)) {
    worker_->moveToThread(&thread_);
    connect(worker_.get(), &StoreWorker::troubled, this, [this](const QString& sentence) {
        trouble_ = sentence;
        emit troubleChanged();
    });
    connect(worker_.get(), &StoreWorker::recovered, this, [this](const QString& sentence) {
        recovery_ = sentence;
        emit recoveryChanged();
    });
    thread_.setObjectName(QStringLiteral("storage"));
    thread_.start();
    QMetaObject::invokeMethod(worker_.get(), &StoreWorker::open, Qt::QueuedConnection);
}

ChatStore::~ChatStore() {
    QMetaObject::invokeMethod(worker_.get(), &StoreWorker::close, Qt::QueuedConnection);
    QMetaObject::invokeMethod(worker_.get(), [this] { thread_.quit(); }, Qt::QueuedConnection);
    thread_.wait();
    worker_.reset();
}

QString ChatStore::newId() {
    return QUuid::createUuid().toString(QUuid::WithoutBraces);
}

QString ChatStore::trouble() const {
    return trouble_;
}

QString ChatStore::recovery() const {
    return recovery_;
}

template <class T>
QFuture<Expected<T>> ChatStore::read(std::function<Expected<T>(StoreWorker&)> task) {
    const auto promise = startedPromise<T>();
    QFuture<Expected<T>> future = promise->future();
    QMetaObject::invokeMethod(
        worker_.get(),
        [worker = worker_.get(), promise, task = std::move(task)] {
            promise->addResult(task(*worker));
            promise->finish();
        },
        Qt::QueuedConnection);
    return future;
}

QFuture<Expected<void>> ChatStore::write(std::function<Expected<void>(Database&)> task,
                                         Durability durability) {
    const auto promise = startedPromise<void>();
    QFuture<Expected<void>> future = promise->future();
    const auto done = [promise](const Expected<void>& result) {
        promise->addResult(result);
        promise->finish();
    };
    QMetaObject::invokeMethod(
        worker_.get(),
        [worker = worker_.get(), done, task = std::move(task), durability] {
            worker->write({task, done, durability == Durability::OnTheSurface});
        },
        Qt::QueuedConnection);
    return future;
}

QFuture<Expected<QList<ChatRecord>>> ChatStore::chats(int limit, int offset) {
    return read<QList<ChatRecord>>([limit, offset](StoreWorker& worker) {
        return readChats(worker.database(), limit, offset);
    });
}

QFuture<Expected<ChatRecord>> ChatStore::chat(const QString& chatId) {
    return read<ChatRecord>(
        [chatId](StoreWorker& worker) { return readChat(worker.database(), chatId); });
}

QFuture<Expected<QList<MessageRecord>>> ChatStore::messages(const QString& chatId) {
    return read<QList<MessageRecord>>(
        [chatId](StoreWorker& worker) { return readMessages(worker.database(), chatId); });
}

QFuture<Expected<void>> ChatStore::createChat(const ChatRecord& chat) {
    return write([chat](Database& database) { return insertChat(database, chat); });
}

QFuture<Expected<void>> ChatStore::updateChat(const ChatRecord& chat) {
    return write([chat](Database& database) { return app::updateChat(database, chat); });
}

QFuture<Expected<void>> ChatStore::trashChat(const QString& chatId) {
    const QDateTime now = QDateTime::currentDateTimeUtc();
    return write(
        [chatId, now](Database& database) { return setChatDeleted(database, chatId, now); });
}

QFuture<Expected<void>> ChatStore::restoreChat(const QString& chatId) {
    return write([chatId](Database& database) { return setChatDeleted(database, chatId, {}); });
}

QFuture<Expected<void>> ChatStore::addMessage(const MessageRecord& message) {
    return write([message](Database& database) { return insertMessage(database, message); });
}

QFuture<Expected<void>> ChatStore::updateMessage(const MessageRecord& message) {
    return write([message](Database& database) { return replaceMessage(database, message); });
}

QFuture<Expected<void>> ChatStore::appendPart(const QString& messageId, TextChannel channel,
                                              const QString& text) {
    return write([messageId, channel, text](Database& database) {
        return insertPart(database, messageId, channel, text);
    });
}

QFuture<Expected<void>> ChatStore::finishMessage(const MessageRecord& message) {
    return write([message](Database& database) { return replaceMessage(database, message); },
                 Durability::OnTheSurface);
}

QFuture<Expected<QString>> ChatStore::storeAttachment(const QByteArray& bytes) {
    return read<QString>([bytes](StoreWorker& worker) -> Expected<QString> {
        return worker.storeAttachment(bytes);
    });
}

QFuture<Expected<QByteArray>> ChatStore::attachment(const QString& hash) {
    return read<QByteArray>([hash](StoreWorker& worker) { return worker.attachment(hash); });
}

QFuture<Expected<QString>> ChatStore::setting(const QString& key) {
    return read<QString>(
        [key](StoreWorker& worker) { return readSetting(worker.database(), key); });
}

QFuture<Expected<void>> ChatStore::setSetting(const QString& key, const QString& value) {
    return write([key, value](Database& database) { return writeSetting(database, key, value); });
}

bool ChatStore::flush(std::chrono::milliseconds limit) {
    // Shared, because the task may still come when nobody waits any more.
    const auto done = std::make_shared<std::binary_semaphore>(0);
    QMetaObject::invokeMethod(worker_.get(), [done] { done->release(); }, Qt::QueuedConnection);
    return done->try_acquire_for(limit);
}

} // namespace lapidary::app
