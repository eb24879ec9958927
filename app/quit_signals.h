#pragma once

#include <QObject>
#include <QSocketNotifier>

#include <optional>

namespace lapidary::app {

/// Turns SIGTERM, SIGINT and SIGHUP into an orderly end of the event loop: a logout loses nothing.
/// One a program, made on the UI thread.
class QuitSignals final : public QObject {
    Q_OBJECT

public:
    explicit QuitSignals(QObject* parent = nullptr);
    ~QuitSignals() override;

signals:
    void quitRequested();

private:
    std::optional<QSocketNotifier> arrived_;
};

} // namespace lapidary::app
