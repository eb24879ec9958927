#include "speculation_gauge.h"

#include "engine_session/engine_controller.h"
#include "engine_session/generation.h"

namespace lapidary::app {
namespace {

constexpr int kTickMs = 250;

} // namespace

SpeculationGauge::SpeculationGauge(EngineController& engine, QObject* parent)
    : QObject(parent), engine_(engine) {
    connect(&engine, &EngineController::modelChanged, this, &SpeculationGauge::changed);
    connect(&engine, &EngineController::stateChanged, this, &SpeculationGauge::changed);
    connect(&engine, &EngineController::started, this, &SpeculationGauge::begin);
    timer_.setSingleShot(true);
    timer_.setInterval(kTickMs);
    connect(&timer_, &QTimer::timeout, this, &SpeculationGauge::changed);
}

QString SpeculationGauge::note() const {
    if (active())
        return {};
    if (engine_.state() != EngineController::State::Ready)
        return tr("Shown while a model is loaded");
    if (engine_.choice().recipe.drafter.empty())
        return tr("This recipe uses no drafter: each token is a step of the model");
    return tr("No round yet: ask something");
}

double SpeculationGauge::tokensPerRound() const {
    return rounds_ > 0 ? 1.0 + static_cast<double>(accepted_) / rounds_ : 0;
}

void SpeculationGauge::begin(Generation* generation) {
    connect(generation, &Generation::eventsArrived, this, &SpeculationGauge::take);
    rounds_ = 0;
    proposed_ = 0;
    accepted_ = 0;
    emit changed();
}

void SpeculationGauge::take(const std::vector<engine::Event>& events) {
    const int before = rounds_;
    for (const engine::Event& event : events) {
        if (const auto* round = std::get_if<engine::Round>(&event)) {
            ++rounds_;
            proposed_ += round->proposed;
            accepted_ += round->accepted;
        }
    }
    if (rounds_ != before && !timer_.isActive())
        timer_.start();
}

} // namespace lapidary::app
