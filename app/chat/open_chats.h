#pragma once

#include "chat_model.h"

#include <QHash>
#include <QObject>
#include <QtQml/qqmlregistration.h>

namespace lapidary::app {

class ContextGauge;
class Settings;

/// Which chat the window shows, and the chats that still generate behind it. UI thread.
class OpenChats : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Application makes it")
    Q_PROPERTY(lapidary::app::ChatModel* current READ current NOTIFY currentChanged)

public:
    OpenChats(ChatStore& store, EngineController& engine, ChatListModel& chats,
              ContextGauge& context, Settings& settings, QObject* parent = nullptr);
    ~OpenChats() override;

    [[nodiscard]] ChatModel* current() const { return current_; }

    /// Shows the chat that was open last, else a new one. After the first frame.
    void start();

    /// The chat that nothing has been sent in yet, with what was written there: there is one.
    Q_INVOKABLE void newChat();
    Q_INVOKABLE void show(const QString& chatId);
    /// The chat after (1) or before (-1) the shown one in the side bar.
    Q_INVOKABLE void step(int direction);

signals:
    void currentChanged();

private:
    void setCurrent(ChatModel* chat);
    ChatModel* make(const ChatRecord& record, bool isNew);
    void forgetIdle(ChatModel* chat);
    void keepNewDraft(const ChatModel* chat, const QString& draft);

    ChatStore& store_;
    EngineController& engine_;
    ChatListModel& chats_;
    ContextGauge& context_;
    Settings& settings_;
    QHash<QString, ChatModel*> open_;
    ChatModel* current_ = nullptr;
    QString newDraft_; ///< of the new chat that is not there again since the program started
};

} // namespace lapidary::app
