#include "speed_gauge.h"

#include "engine_session/engine_controller.h"
#include "engine_session/generation.h"

#include <algorithm>
#include <utility>

namespace lapidary::app {
namespace {

constexpr int kTickMs = 250;
constexpr int kTicksPerSecond = 1000 / kTickMs;
constexpr qint64 kWindowMs = 1000;
constexpr qsizetype kSparklineSeconds = 60;

} // namespace

SpeedGauge::SpeedGauge(EngineController& engine, QObject* parent) : QObject(parent) {
    connect(&engine, &EngineController::started, this, &SpeedGauge::begin);
    timer_.setInterval(kTickMs);
    connect(&timer_, &QTimer::timeout, this, &SpeedGauge::tick);
}

void SpeedGauge::begin(Generation* generation) {
    connect(generation, &Generation::eventsArrived, this, &SpeedGauge::take);
    connect(generation, &Generation::finished, this, &SpeedGauge::end);
    active_ = true;
    clock_.start();
    lastSecond_.clear();
    tokens_ = 0;
    tokensThisSecond_ = 0;
    firstTokenMs_ = -1;
    ticks_ = 0;
    now_ = -1;
    average_ = -1;
    firstTokenSeconds_ = -1;
    prefillFraction_ = 0;
    prefillRate_ = 0;
    prefillSecondsLeft_ = -1;
    timer_.start();
    emit changed();
}

void SpeedGauge::take(const std::vector<engine::Event>& events) {
    int arrived = 0;
    for (const engine::Event& event : events) {
        if (const auto* progress = std::get_if<engine::PrefillProgress>(&event))
            takeProgress(*progress);
        else if (const auto* thought = std::get_if<engine::ThoughtText>(&event))
            arrived += thought->tokens;
        else if (const auto* answer = std::get_if<engine::AnswerText>(&event))
            arrived += answer->tokens;
    }
    if (arrived == 0)
        return;
    const qint64 ms = clock_.elapsed();
    lastSecond_.push_back({ms, arrived});
    tokens_ += arrived;
    tokensThisSecond_ += arrived;
    if (firstTokenMs_ >= 0)
        return;
    firstTokenMs_ = ms;
    firstTokenSeconds_ = static_cast<double>(ms) / 1000;
    prefillFraction_ = 1;
    prefillSecondsLeft_ = 0;
    emit changed();
}

void SpeedGauge::takeProgress(const engine::PrefillProgress& progress) {
    const int toCompute = progress.promptTokens - progress.reusedTokens;
    const double seconds = static_cast<double>(clock_.elapsed()) / 1000;
    prefillFraction_ = toCompute > 0 ? static_cast<double>(progress.doneTokens) / toCompute : 1;
    prefillRate_ = seconds > 0 ? progress.doneTokens / seconds : 0;
    prefillSecondsLeft_ = prefillRate_ > 0 ? (toCompute - progress.doneTokens) / prefillRate_ : -1;
}

void SpeedGauge::tick() {
    if (++ticks_ % kTicksPerSecond == 0)
        addToSparkline(std::exchange(tokensThisSecond_, 0));
    measure();
    emit changed();
}

void SpeedGauge::addToSparkline(double tokensPerSecond) {
    sparkline_.append(tokensPerSecond);
    if (sparkline_.size() > kSparklineSeconds)
        sparkline_.removeFirst();
}

void SpeedGauge::measure() {
    const qint64 ms = clock_.elapsed();
    while (!lastSecond_.empty() && lastSecond_.front().ms <= ms - kWindowMs)
        lastSecond_.pop_front();
    int recent = 0;
    for (const Arrival& arrival : lastSecond_)
        recent += arrival.tokens;
    // In its first second a generation is measured over the time it has had.
    const qint64 decoding = firstTokenMs_ < 0 ? 0 : ms - firstTokenMs_;
    const qint64 window = std::min(kWindowMs, decoding);
    if (decoding >= kTickMs) {
        now_ = recent * 1000.0 / static_cast<double>(window);
        average_ = tokens_ * 1000.0 / static_cast<double>(decoding);
    }
}

void SpeedGauge::end(const engine::Finished& finished) {
    timer_.stop();
    measure();
    active_ = false;
    // The engine's own clock is the exact one.
    if (finished.statistics.decodeSeconds > 0)
        average_ = finished.statistics.decodeTokensPerSecond();
    if (finished.statistics.firstTokenSeconds > 0)
        firstTokenSeconds_ = finished.statistics.firstTokenSeconds;
    if (finished.statistics.prefillSeconds > 0)
        prefillRate_ = finished.statistics.prefillTokensPerSecond();
    // A last part of a second, or an answer that took less than one, at the rate it had.
    if (tokensThisSecond_ > 0)
        addToSparkline(average_ > 0 ? average_ : tokensThisSecond_);
    tokensThisSecond_ = 0;
    emit changed();
}

} // namespace lapidary::app
