#pragma once

#include <engine/events.h>
#include <engine/session.h>

#include <QObject>
#include <QTimer>
#include <QtQml/qqmlregistration.h>

#include <vector>

namespace lapidary::app {

class EngineController;
class Generation;

/// How full the model's context is. Lives on the UI thread; the parts come from the engine's own
/// count (`show`, from EngineController::measure), what is written now from the events, shown four
/// times a second.
class ContextGauge final : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Application makes it")
    Q_PROPERTY(bool active READ active NOTIFY changed FINAL)
    /// In tokens.
    Q_PROPERTY(int limit READ limit NOTIFY changed FINAL)
    Q_PROPERTY(int used READ used NOTIFY changed FINAL)
    Q_PROPERTY(int system READ system NOTIFY changed FINAL)
    Q_PROPERTY(int images READ images NOTIFY changed FINAL)
    Q_PROPERTY(int turns READ turns NOTIFY changed FINAL)
    /// Written by the generation that runs or ran last.
    Q_PROPERTY(int writing READ writing NOTIFY changed FINAL)
    /// Of the last prompt, found in the cache.
    Q_PROPERTY(int reused READ reused NOTIFY changed FINAL)
    Q_PROPERTY(double fraction READ fraction NOTIFY changed FINAL)
    /// From 85 % on.
    Q_PROPERTY(bool nearlyFull READ nearlyFull NOTIFY changed FINAL)

public:
    explicit ContextGauge(EngineController& engine, QObject* parent = nullptr);

    [[nodiscard]] bool active() const { return limit() > 0; }
    [[nodiscard]] int limit() const;
    [[nodiscard]] int used() const { return use_.used() + writing_; }
    [[nodiscard]] int system() const { return use_.system; }
    [[nodiscard]] int images() const { return use_.images; }
    [[nodiscard]] int turns() const { return use_.turns; }
    [[nodiscard]] int writing() const { return writing_; }
    [[nodiscard]] int reused() const { return reused_; }
    [[nodiscard]] double fraction() const;
    [[nodiscard]] bool nearlyFull() const;

    /// What the shown conversation takes, as the engine counted it.
    void show(const engine::ContextUse& use);

signals:
    void changed();

private:
    void begin(Generation* generation);
    void take(const std::vector<engine::Event>& events);
    void end(const engine::Finished& finished);

    EngineController& engine_;
    engine::ContextUse use_;
    int writing_ = 0;
    int reused_ = 0;
    QTimer timer_; ///< single shot: joins the events of a quarter second
};

} // namespace lapidary::app
