#include "replay_session.h"

#include <chrono>
#include <utility>

namespace lapidary::app {
namespace {

using Clock = std::chrono::steady_clock;

/// What was played until a cancel, told as the engine tells it.
void addTo(engine::Statistics& sum, const engine::Event& event) {
    if (const auto* progress = std::get_if<engine::PrefillProgress>(&event)) {
        sum.promptTokens = progress->promptTokens;
        sum.reusedTokens = progress->reusedTokens;
    } else if (const auto* thought = std::get_if<engine::ThoughtText>(&event)) {
        sum.thoughtTokens += thought->tokens;
    } else if (const auto* answer = std::get_if<engine::AnswerText>(&event)) {
        sum.answerTokens += answer->tokens;
    }
}

class ReplayModel final : public engine::Model {
public:
    ReplayModel(std::shared_ptr<const Recording> recording, double speed)
        : recording_(std::move(recording)), speed_(speed) {
        description_.name = recording_->model.toStdString();
        description_.maxContextTokens = recording_->contextTokens;
        description_.seesImages = recording_->seesImages;
        plan_.contextTokens = recording_->contextTokens;
    }

    [[nodiscard]] const engine::ModelDescription& description() const override {
        return description_;
    }
    [[nodiscard]] const engine::MemoryPlan& plan() const override { return plan_; }
    [[nodiscard]] engine::MemoryPlan measuredMemory() const override { return plan_; }
    [[nodiscard]] Expected<std::unique_ptr<engine::Session>> openSession() override {
        return std::make_unique<ReplaySession>(recording_, speed_);
    }

private:
    std::shared_ptr<const Recording> recording_;
    double speed_;
    engine::ModelDescription description_;
    engine::MemoryPlan plan_;
};

class ReplaySessions final : public SessionFactory {
public:
    ReplaySessions(Recording recording, double speed)
        : recording_(std::make_shared<const Recording>(std::move(recording))), speed_(speed) {}

    [[nodiscard]] Expected<engine::MemoryPlan> plan(const engine::LoadRequest&,
                                                    std::size_t) override {
        return engine::MemoryPlan();
    }
    [[nodiscard]] Expected<std::shared_ptr<engine::Model>>
    load(const engine::LoadRequest&) override {
        return std::make_shared<ReplayModel>(recording_, speed_);
    }
    [[nodiscard]] kernels::DeviceDescription device(const std::string& id) override {
        kernels::DeviceDescription device;
        device.id = id;
        return device;
    }

private:
    std::shared_ptr<const Recording> recording_; ///< shared with its models and their sessions
    double speed_;
};

} // namespace

ReplaySession::ReplaySession(std::shared_ptr<const Recording> recording, double speed)
    : recording_(std::move(recording)), speed_(speed) {}

engine::Finished ReplaySession::generate(const engine::Request& request,
                                         const engine::EventSink& sink) {
    const Recording::Turn& turn = recording_->turns[next_];
    next_ = (next_ + 1) % recording_->turns.size();
    const Clock::time_point start = Clock::now();
    engine::Statistics played;
    for (const auto& [ms, event] : turn) {
        const std::chrono::duration<double, std::milli> offset(ms / speed_);
        if (!waitUntil(start + std::chrono::duration_cast<Clock::duration>(offset), request.stop)) {
            engine::Finished cancelled;
            cancelled.reason = engine::FinishReason::Cancelled;
            cancelled.statistics = played;
            sink(cancelled);
            return cancelled;
        }
        addTo(played, event);
        sink(event);
    }
    return std::get<engine::Finished>(turn.back().event);
}

bool ReplaySession::waitUntil(Clock::time_point time, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
}

Expected<engine::ContextUse> ReplaySession::measure(const engine::Request&) {
    engine::ContextUse use;
    use.limit = recording_->contextTokens;
    for (const auto& [ms, event] : recording_->turns[next_]) {
        if (const auto* progress = std::get_if<engine::PrefillProgress>(&event))
            use.turns = progress->promptTokens;
    }
    return use;
}

std::unique_ptr<SessionFactory> replaySessions(Recording recording, double speed) {
    return std::make_unique<ReplaySessions>(std::move(recording), speed);
}

} // namespace lapidary::app
