#include "context_gauge.h"

#include "engine_session/engine_controller.h"
#include "engine_session/generation.h"

namespace lapidary::app {
namespace {

constexpr int kTickMs = 250;
constexpr double kNearlyFull = 0.85;

} // namespace

ContextGauge::ContextGauge(EngineController& engine, QObject* parent)
    : QObject(parent), engine_(engine) {
    connect(&engine, &EngineController::modelChanged, this, &ContextGauge::changed);
    connect(&engine, &EngineController::started, this, &ContextGauge::begin);
    timer_.setSingleShot(true);
    timer_.setInterval(kTickMs);
    connect(&timer_, &QTimer::timeout, this, &ContextGauge::changed);
}

int ContextGauge::limit() const {
    return engine_.contextLimit();
}

double ContextGauge::fraction() const {
    return limit() > 0 ? static_cast<double>(used()) / limit() : 0;
}

bool ContextGauge::nearlyFull() const {
    return fraction() >= kNearlyFull;
}

void ContextGauge::show(const engine::ContextUse& use) {
    use_ = use;
    writing_ = 0;
    emit changed();
}

void ContextGauge::begin(Generation* generation) {
    connect(generation, &Generation::eventsArrived, this, &ContextGauge::take);
    connect(generation, &Generation::finished, this, &ContextGauge::end);
    writing_ = 0;
    reused_ = 0;
    emit changed();
}

void ContextGauge::take(const std::vector<engine::Event>& events) {
    for (const engine::Event& event : events) {
        if (const auto* progress = std::get_if<engine::PrefillProgress>(&event)) {
            reused_ = progress->reusedTokens;
            // The engine's count of the whole prompt; the share of earlier turns takes the rest.
            use_.turns = progress->promptTokens - use_.system - use_.images;
            if (use_.turns < 0)
                use_ = {
                    .limit = use_.limit, .system = 0, .images = 0, .turns = progress->promptTokens};
        } else if (const auto* thought = std::get_if<engine::ThoughtText>(&event)) {
            writing_ += thought->tokens;
        } else if (const auto* answer = std::get_if<engine::AnswerText>(&event)) {
            writing_ += answer->tokens;
        }
    }
    if (!timer_.isActive())
        timer_.start();
}

void ContextGauge::end(const engine::Finished& finished) {
    timer_.stop();
    if (finished.statistics.promptTokens > 0)
        reused_ = finished.statistics.reusedTokens;
    emit changed();
}

} // namespace lapidary::app
