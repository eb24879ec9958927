#pragma once

#include <engine/events.h>

#include <QObject>
#include <QString>
#include <QTimer>
#include <QtQml/qqmlregistration.h>

#include <vector>

namespace lapidary::app {

class EngineController;
class Generation;

/// What speculation brings in the generation that runs or ran last. Lives on the UI thread. Without
/// rounds it says in one line what does not apply.
class SpeculationGauge final : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Application makes it")
    Q_PROPERTY(bool active READ active NOTIFY changed FINAL)
    /// Why there is nothing to show; "" when there is.
    Q_PROPERTY(QString note READ note NOTIFY changed FINAL)
    Q_PROPERTY(int rounds READ rounds NOTIFY changed FINAL)
    Q_PROPERTY(int proposed READ proposed NOTIFY changed FINAL)
    Q_PROPERTY(int accepted READ accepted NOTIFY changed FINAL)
    Q_PROPERTY(double tokensPerRound READ tokensPerRound NOTIFY changed FINAL)

public:
    explicit SpeculationGauge(EngineController& engine, QObject* parent = nullptr);

    [[nodiscard]] bool active() const { return rounds_ > 0; }
    [[nodiscard]] QString note() const;
    [[nodiscard]] int rounds() const { return rounds_; }
    [[nodiscard]] int proposed() const { return proposed_; }
    [[nodiscard]] int accepted() const { return accepted_; }
    /// Accepted ones and the model's own one.
    [[nodiscard]] double tokensPerRound() const;

signals:
    void changed();

private:
    void begin(Generation* generation);
    void take(const std::vector<engine::Event>& events);

    EngineController& engine_;
    int rounds_ = 0;
    int proposed_ = 0;
    int accepted_ = 0;
    QTimer timer_; ///< single shot: joins the rounds of a quarter second
};

} // namespace lapidary::app
