#include "fake_sessions.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace lapidary::app {
namespace {

class FakeSession final : public engine::Session {
public:
    explicit FakeSession(std::shared_ptr<FakeScript> script) : script_(std::move(script)) {}

    engine::Finished generate(const engine::Request& request,
                              const engine::EventSink& sink) override {
        ++script_->generations;
        sink(engine::PrefillProgress{10, 0, 0});
        engine::Finished finished = script_->play(request, sink);
        sink(finished);
        return finished;
    }

    [[nodiscard]] Expected<engine::ContextUse> measure(const engine::Request& request) override {
        engine::ContextUse use;
        use.limit = script_->contextTokens;
        use.turns = static_cast<int>(request.messages.size());
        return use;
    }

private:
    std::shared_ptr<FakeScript> script_;
};

class FakeModel final : public engine::Model {
public:
    FakeModel(std::shared_ptr<FakeScript> script, const engine::LoadRequest& request)
        : script_(std::move(script)) {
        script_->mostModelsAlive =
            std::max(script_->mostModelsAlive.load(), ++script_->modelsAlive);
        description_.name = request.folder.filename().string();
        plan_.bytes[0] = script_->weightBytes;
        plan_.contextTokens = script_->contextTokens;
    }
    ~FakeModel() override { --script_->modelsAlive; }
    FakeModel(const FakeModel&) = delete;
    FakeModel& operator=(const FakeModel&) = delete;

    [[nodiscard]] const engine::ModelDescription& description() const override {
        return description_;
    }
    [[nodiscard]] const engine::MemoryPlan& plan() const override { return plan_; }
    [[nodiscard]] engine::MemoryPlan measuredMemory() const override { return plan_; }
    [[nodiscard]] Expected<std::unique_ptr<engine::Session>> openSession() override {
        return std::make_unique<FakeSession>(script_);
    }

private:
    std::shared_ptr<FakeScript> script_;
    engine::ModelDescription description_;
    engine::MemoryPlan plan_;
};

class FakeSessions final : public SessionFactory {
public:
    explicit FakeSessions(std::shared_ptr<FakeScript> script) : script_(std::move(script)) {}

    [[nodiscard]] Expected<engine::MemoryPlan> plan(const engine::LoadRequest&,
                                                    std::size_t freeable) override {
        script_->freeableSeen = freeable;
        if (script_->planError)
            return std::unexpected(*script_->planError);
        if (const std::size_t held = script_->modelsAlive > 0 ? script_->weightBytes : 0;
            script_->weightBytes > script_->freeBytes - held + freeable)
            return fail(ErrorKind::DoesNotFit, "Needs more than is free.");
        return engine::MemoryPlan();
    }

    [[nodiscard]] Expected<std::shared_ptr<engine::Model>>
    load(const engine::LoadRequest& request) override {
        ++script_->loads;
        request.progress({engine::LoadProgress::Phase::Reading, 400, 1000});
        if (script_->whileLoading)
            script_->whileLoading(request);
        if (request.stop.stop_requested())
            return fail(ErrorKind::Cancelled, "Loading was stopped; choose a model to go on.");
        const bool fails =
            script_->failingModel.empty() || request.folder.filename() == script_->failingModel;
        if (script_->loadError && fails)
            return std::unexpected(*script_->loadError);
        return std::make_shared<FakeModel>(script_, request);
    }

    [[nodiscard]] kernels::DeviceDescription device(const std::string& id) override {
        return {.id = id, .name = "a fake", .totalBytes = 10'000, .freeBytes = 5'000};
    }

private:
    std::shared_ptr<FakeScript> script_;
};

} // namespace

std::unique_ptr<SessionFactory> fakeSessions(std::shared_ptr<FakeScript> script) {
    return std::make_unique<FakeSessions>(std::move(script));
}

FakeScript::Play plays::answer(std::vector<std::string> pieces) {
    return [pieces = std::move(pieces)](const engine::Request&, const engine::EventSink& sink) {
        for (const std::string& piece : pieces)
            sink(engine::AnswerText{piece, 1});
        engine::Finished finished;
        finished.statistics.answerTokens = static_cast<int>(pieces.size());
        return finished;
    };
}

FakeScript::Play plays::endless() {
    return [](const engine::Request& request, const engine::EventSink& sink) {
        engine::Finished finished;
        while (!request.stop.stop_requested()) {
            sink(engine::AnswerText{"x", 1});
            ++finished.statistics.answerTokens;
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
        finished.reason = engine::FinishReason::Cancelled;
        return finished;
    };
}

} // namespace lapidary::app
