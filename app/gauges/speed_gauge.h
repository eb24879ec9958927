#pragma once

#include <engine/events.h>

#include <QElapsedTimer>
#include <QList>
#include <QObject>
#include <QTimer>
#include <QtQml/qqmlregistration.h>

#include <deque>
#include <vector>

namespace lapidary::app {

class EngineController;
class Generation;

/// How fast the running generation is. Lives on the UI thread; ticks four times a second while one
/// runs, and has no timer otherwise. The figures of the last generation stay.
class SpeedGauge final : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Application makes it")
    Q_PROPERTY(bool active READ active NOTIFY changed FINAL)
    Q_PROPERTY(bool readingPrompt READ readingPrompt NOTIFY changed FINAL)
    /// Over the last second while a generation runs, then of its whole message; below 0: none yet.
    Q_PROPERTY(double tokensPerSecond READ tokensPerSecond NOTIFY changed FINAL)
    /// Of the whole message; below 0: none yet.
    Q_PROPERTY(double averageTokensPerSecond READ averageTokensPerSecond NOTIFY changed FINAL)
    /// Tokens per second, one value a second, oldest first, at most 60.
    Q_PROPERTY(QList<double> sparkline READ sparkline NOTIFY changed FINAL)
    /// Below 0: none yet.
    Q_PROPERTY(double firstTokenSeconds READ firstTokenSeconds NOTIFY changed FINAL)
    Q_PROPERTY(double prefillFraction READ prefillFraction NOTIFY changed FINAL)
    Q_PROPERTY(double prefillTokensPerSecond READ prefillTokensPerSecond NOTIFY changed FINAL)
    /// Below 0: not known yet.
    Q_PROPERTY(double prefillSecondsLeft READ prefillSecondsLeft NOTIFY changed FINAL)

public:
    explicit SpeedGauge(EngineController& engine, QObject* parent = nullptr);

    [[nodiscard]] bool active() const { return active_; }
    [[nodiscard]] bool readingPrompt() const { return active_ && firstTokenSeconds_ < 0; }
    [[nodiscard]] double tokensPerSecond() const { return active_ ? now_ : average_; }
    [[nodiscard]] double averageTokensPerSecond() const { return average_; }
    [[nodiscard]] QList<double> sparkline() const { return sparkline_; }
    [[nodiscard]] double firstTokenSeconds() const { return firstTokenSeconds_; }
    [[nodiscard]] double prefillFraction() const { return prefillFraction_; }
    [[nodiscard]] double prefillTokensPerSecond() const { return prefillRate_; }
    [[nodiscard]] double prefillSecondsLeft() const { return prefillSecondsLeft_; }

signals:
    void changed();

private:
    void begin(Generation* generation);
    void take(const std::vector<engine::Event>& events);
    void takeProgress(const engine::PrefillProgress& progress);
    void end(const engine::Finished& finished);
    void tick();
    void measure();
    void addToSparkline(double tokensPerSecond);

    struct Arrival {
        qint64 ms = 0;
        int tokens = 0;
    };

    bool active_ = false;
    QElapsedTimer clock_; ///< since the generation started
    QTimer timer_;
    std::deque<Arrival> lastSecond_;
    int tokens_ = 0;           ///< of this generation
    int tokensThisSecond_ = 0; ///< for the next value of the sparkline
    qint64 firstTokenMs_ = -1;
    int ticks_ = 0;
    double now_ = -1;
    double average_ = -1;
    QList<double> sparkline_;
    double firstTokenSeconds_ = -1;
    double prefillFraction_ = 0;
    double prefillRate_ = 0;
    double prefillSecondsLeft_ = -1;
};

} // namespace lapidary::app
