#include "engine_worker.h"

#include <utility>

namespace lapidary::app {

EngineWorker::EngineWorker(std::unique_ptr<SessionFactory> factory, EventBuffer& events)
    : factory_(std::move(factory)), events_(events) {}

EngineWorker::~EngineWorker() = default;

void EngineWorker::prepare(const std::string& device) {
    factory_->prepare(device);
}

void EngineWorker::load(engine::LoadRequest request) {
    const std::size_t freeable = model_ ? model_->measuredMemory().total() : 0;
    const Expected<engine::MemoryPlan> plan = factory_->plan(request, freeable);
    if (!plan || request.stop.stop_requested()) {
        const Error error =
            plan ? Error{ErrorKind::Cancelled, "Loading was stopped; choose a model to go on."}
                 : plan.error();
        emit loadRefused(error, model_ != nullptr);
        return;
    }
    if (model_ && !factory_->plan(request, 0))
        release();
    const auto tellEvery = std::chrono::milliseconds(33);
    request.progress = [this, tellEvery, last = std::chrono::steady_clock::time_point(),
                        phase = engine::LoadProgress::Phase::Reading](
                           const engine::LoadProgress& progress) mutable {
        const auto now = std::chrono::steady_clock::now();
        if (now - last < tellEvery && progress.phase == phase)
            return;
        last = now;
        phase = progress.phase;
        emit loadProgressed(progress);
    };
    Expected<Opened> opened = open(request);
    if (!opened && model_ && opened.error().kind == ErrorKind::DoesNotFit) {
        release(); // less is free than the plan counted on
        opened = open(request);
    }
    if (!opened) {
        emit loadRefused(opened.error(), model_ != nullptr);
        measureMemory();
        return;
    }
    release();
    model_ = std::move(opened->model);
    session_ = std::move(opened->session);
    device_ = request.device;
    emit loaded(model_->description(), model_->plan());
    measureMemory();
}

Expected<EngineWorker::Opened> EngineWorker::open(const engine::LoadRequest& request) {
    Expected<std::shared_ptr<engine::Model>> model = factory_->load(request);
    if (!model)
        return std::unexpected(model.error());
    Expected<std::unique_ptr<engine::Session>> session = (*model)->openSession();
    if (!session)
        return std::unexpected(session.error());
    return Opened{std::move(*model), std::move(*session)};
}

void EngineWorker::unload() {
    const std::size_t bytes = model_ ? model_->measuredMemory().total() : 0;
    release();
    emit unloaded(bytes);
    measureMemory();
}

void EngineWorker::generate(const engine::Request& request) {
    if (!session_ || request.stop.stop_requested()) {
        engine::Finished cancelled;
        cancelled.reason = engine::FinishReason::Cancelled;
        events_.put(cancelled);
        return;
    }
    bool told = false;
    const auto sink = [&](const engine::Event& event) {
        // The end is told once, by the last event or below.
        if (!std::holds_alternative<engine::Finished>(event) || !std::exchange(told, true))
            events_.put(event);
        if (std::chrono::steady_clock::now() - lastMeasured_ >= std::chrono::seconds(1))
            measureMemory();
    };
    const engine::Finished finished = session_->generate(request, sink);
    if (!told)
        events_.put(finished);
    measureMemory();
}

void EngineWorker::measure(const std::shared_ptr<QPromise<Expected<engine::ContextUse>>>& promise,
                           const engine::Request& request) {
    promise->addResult(session_ ? session_->measure(request)
                                : fail(ErrorKind::NotFound, "No model is loaded: choose one."));
    promise->finish();
}

void EngineWorker::release() {
    session_ = nullptr;
    model_ = nullptr;
}

void EngineWorker::measureMemory() {
    lastMeasured_ = std::chrono::steady_clock::now();
    emit memoryMeasured(model_ ? model_->measuredMemory() : engine::MemoryPlan{},
                        factory_->device(device_));
}

} // namespace lapidary::app
