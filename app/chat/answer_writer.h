#pragma once

#include "storage/chat_store.h"
#include "storage/stream_writer.h"

#include <engine/events.h>
#include <engine/request.h>

#include <QList>
#include <QObject>
#include <QPointer>

#include <functional>
#include <memory>
#include <vector>

namespace lapidary::app {

class ChatListModel;
class ChatMessage;
class EngineController;
class Generation;

/// Brings one answer from the engine into its message and into the store. `begin` when the message
/// is there, then `ask`; `finished` comes once, and the next may begin. UI thread.
class AnswerWriter final : public QObject {
    Q_OBJECT

public:
    AnswerWriter(ChatStore& store, EngineController& engine, const ChatListModel& chats,
                 QObject* parent = nullptr);

    /// The answer that waits or is written; null between two.
    [[nodiscard]] ChatMessage* answer() const { return answer_; }

    void begin(ChatMessage* answer);

    /// Decodes the pictures of the messages in `path`, then asks for what `request` returns.
    void ask(const QString& chatId, const QList<ChatMessage*>& path,
             const std::function<engine::Request()>& request);

    void stop();

signals:
    /// The request is in the engine's queue.
    void asked();
    /// The message and the store have all of the answer.
    void finished(lapidary::app::ChatMessage* answer, const lapidary::engine::Finished& finished);

private:
    void withPictures(const QList<ChatMessage*>& path, const std::function<void()>& then);
    void start(const QString& chatId, engine::Request request);
    void take(const std::vector<engine::Event>& events);
    void finish(const engine::Finished& finished);
    void tellWaiting();
    [[nodiscard]] QString waitingLine() const;

    ChatStore& store_;
    EngineController& engine_;
    const ChatListModel& chats_;
    QPointer<ChatMessage> answer_;
    QPointer<Generation> generation_;
    std::unique_ptr<StreamWriter> writer_;
};

} // namespace lapidary::app
