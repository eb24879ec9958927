#pragma once

#include <QBasicTimer>
#include <QObject>

#include <functional>

namespace lapidary::app {

/// Reads the rules of the languages that answers are likely to hold, one at a time while nothing
/// else happens: met for the first time in a text that streams, each would cost a frame.
/// start() after the first frame; ends by itself. UI thread.
class LanguageWarming final : public QObject {
    Q_OBJECT

public:
    /// `busy` says whether to wait.
    explicit LanguageWarming(std::function<bool()> busy) : busy_(std::move(busy)) {}

    void start();
    [[nodiscard]] bool isDone() const;

protected:
    void timerEvent(QTimerEvent* event) override;

private:
    std::function<bool()> busy_;
    QBasicTimer timer_;
    std::size_t next_ = 0;
};

} // namespace lapidary::app
