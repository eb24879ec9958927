#pragma once

#include "chat_records.h"

#include <QBasicTimer>
#include <QObject>

#include <chrono>

namespace lapidary::app {

class ChatStore;

/// Hands the text of one streaming message to the store: every 250 ms, or at 2 kB, one part.
/// Made on the UI thread when a generation starts; `append` as text comes; `flush` before
/// ChatStore::finishMessage. Without waiting text it has no timer running.
class StreamWriter final : public QObject {
    Q_OBJECT

public:
    StreamWriter(ChatStore& store, QString messageId, QObject* parent = nullptr);
    ~StreamWriter() override; ///< flushes

    void append(TextChannel channel, const QString& text);
    void flush();

protected:
    void timerEvent(QTimerEvent* event) override;

private:
    ChatStore& store_;
    QString messageId_;
    TextChannel channel_ = TextChannel::Answer;
    QString waiting_;
    QBasicTimer timer_;
};

} // namespace lapidary::app
