#pragma once

#include "attachment_folder.h"
#include "database.h"

#include <QHash>
#include <QObject>
#include <QTimer>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>

namespace lapidary::app {

/// The storage thread's side of ChatStore: owns the connection, runs tasks in order, and keeps the
/// writes that the disk refused until it takes them.
class StoreWorker final : public QObject {
    Q_OBJECT

public:
    struct Write {
        std::function<Expected<void>(Database&)> task;
        std::function<void(const Expected<void>&)> done; ///< once, when written or refused for good
        bool durable = false;
    };

    StoreWorker(QString folder, std::chrono::milliseconds retryInterval);
    ~StoreWorker() override;

    /// First call: opens, migrates, folds what an unexpected end left, empties old trash.
    void open();
    void write(Write write);
    [[nodiscard]] Database& database() { return *database_; }

    /// Keeps the bytes in memory when the disk refuses them, and tries again with the writes.
    [[nodiscard]] QString storeAttachment(const QByteArray& bytes);
    [[nodiscard]] Expected<QByteArray> attachment(const QString& hash);

    /// Last call: tries the waiting writes once more and closes.
    void close();

signals:
    void troubled(const QString& sentence);
    void recovered(const QString& sentence);

private:
    void openDatabase();
    void recover();
    void retry();
    [[nodiscard]] Expected<void> run(const Write& write);
    void wait(Write write, const Error& error);
    void setTrouble(const QString& sentence);

    QString folder_;
    AttachmentFolder attachments_;
    std::unique_ptr<Database> database_;
    QString openTrouble_; ///< what opening found; stays until the database can be written
    QString trouble_;
    std::deque<Write> waiting_;
    QHash<QString, QByteArray> attachmentsInMemory_;
    QTimer retryTimer_;
};

} // namespace lapidary::app
