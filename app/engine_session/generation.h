#pragma once

#include <engine/events.h>
#include <engine/request.h>

#include <QObject>
#include <QString>
#include <QtQml/qqmlregistration.h>

#include <stop_token>
#include <vector>

namespace lapidary::app {

/// One request in the queue of the EngineController, on the UI thread. `EngineController::ask`
/// makes it; it lives until the event loop turns after `finished`: keep it in a QPointer.
class Generation final : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("EngineController makes it")
    Q_PROPERTY(QString chatId READ chatId CONSTANT FINAL)
    Q_PROPERTY(State state READ state NOTIFY stateChanged FINAL)
    /// 1 for the next in the queue, and so on; 0 once it has started.
    Q_PROPERTY(int queuePlace READ queuePlace NOTIFY queuePlaceChanged FINAL)

public:
    enum class State { Queued, ReadingPrompt, Thinking, Answering, Done };
    Q_ENUM(State)

    Generation(QString chatId, engine::Request request, QObject* parent = nullptr);

    [[nodiscard]] QString chatId() const { return chatId_; }
    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] int queuePlace() const { return queuePlace_; }
    [[nodiscard]] const engine::Request& request() const { return request_; }

    /// Withdraws it from the queue (`finished` comes at once, reason Cancelled), or stops it within
    /// one step (`finished` comes with what was written until then).
    Q_INVOKABLE void cancel();

    /// For the controller: moves the request on its way. Nobody else calls these.
    void setQueuePlace(int place);
    void start();
    void requestStop() { stop_.request_stop(); }
    void deliver(const std::vector<engine::Event>& events);
    void finish(const engine::Finished& finished);

signals:
    void stateChanged();
    void queuePlaceChanged();

    /// What came since the last tick, at most every 16 ms, the first token at once. Consecutive
    /// texts of one kind are one event; Finished is never among them.
    void eventsArrived(const std::vector<lapidary::engine::Event>& events);

    /// Once, last.
    void finished(const lapidary::engine::Finished& finished);

    void cancelRequested();

private:
    void setState(State state);

    QString chatId_;
    engine::Request request_; ///< with the stop below
    std::stop_source stop_;
    State state_ = State::Queued;
    int queuePlace_ = 0;
};

} // namespace lapidary::app
