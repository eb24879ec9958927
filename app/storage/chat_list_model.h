#pragma once

#include "chat_records.h"

#include <QAbstractListModel>
#include <QHash>
#include <QTimer>

namespace lapidary::app {

class ChatStore;

/// The side bar: a window onto the chats of the store, loaded in pages of 100.
/// Lives on the UI thread. Whoever changes a chat in the store says so by `noteChanged`.
class ChatListModel final : public QAbstractListModel {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Application makes it")
    Q_PROPERTY(int count READ count NOTIFY countChanged FINAL)
    /// Title of the chat that can be taken back from the trash now, for six seconds; else "".
    Q_PROPERTY(QString undoTitle READ undoTitle NOTIFY undoTitleChanged FINAL)

public:
    enum Role {
        ChatIdRole = Qt::UserRole + 1,
        TitleRole,
        GroupRole,  ///< "Pinned", "Today", "Yesterday", "Previous 7 days", "November 2026"
        DetailRole, ///< model and time
        MarkRole,
        PinnedRole,
    };
    Q_ENUM(Role)

    enum class Mark { None, Writing, FinishedUnseen, Interrupted, Queued };
    Q_ENUM(Mark)

    explicit ChatListModel(ChatStore& store, QObject* parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QHash<int, QByteArray> roleNames() const override;
    [[nodiscard]] bool canFetchMore(const QModelIndex& parent) const override;
    void fetchMore(const QModelIndex& parent) override;

    [[nodiscard]] int count() const { return static_cast<int>(chats_.size()); }
    [[nodiscard]] QString undoTitle() const { return undo_.title; }

    /// Reads the first page again; `loaded` follows.
    Q_INVOKABLE void reload();
    Q_INVOKABLE void rename(const QString& chatId, const QString& title);
    Q_INVOKABLE void setPinned(const QString& chatId, bool pinned);
    Q_INVOKABLE void trash(const QString& chatId);
    Q_INVOKABLE void undoTrash();

    /// The chat was created or changed in the store by someone else.
    void noteChanged(const ChatRecord& chat);
    void setMark(const QString& chatId, Mark mark);

    /// The record of a loaded row; an empty one when it is not loaded.
    [[nodiscard]] ChatRecord record(const QString& chatId) const;

signals:
    void countChanged();
    void undoTitleChanged();
    void loaded();
    /// The chat went to the trash: whoever shows it shows another.
    void trashed(const QString& chatId);
    /// The user changed a chat here; whoever holds its record takes this one.
    void changed(const lapidary::app::ChatRecord& chat);

private:
    [[nodiscard]] qsizetype rowOf(const QString& chatId) const;
    [[nodiscard]] qsizetype placeFor(const ChatRecord& chat) const;
    [[nodiscard]] static QString group(const ChatRecord& chat);
    [[nodiscard]] static QString detail(const ChatRecord& chat);
    void appendPage(const QList<ChatRecord>& page);
    void move(qsizetype row);
    void endUndo();

    ChatStore& store_;
    QList<ChatRecord> chats_;
    QHash<QString, Mark> marks_;
    ChatRecord undo_;
    QTimer undoTimer_;
    bool complete_ = false; ///< the last page has come
    bool loading_ = false;
    int reloads_ = 0; ///< pages asked for before the last `reload` are dropped
};

} // namespace lapidary::app
