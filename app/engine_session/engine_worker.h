#pragma once

#include "event_buffer.h"
#include "session_factory.h"

#include <QObject>
#include <QPromise>

#include <chrono>
#include <memory>

namespace lapidary::app {

/// Owns the model and its session, on the engine thread. The controller calls its functions through
/// the event queue of that thread; what is to end early has a stop in its request. It knows no
/// view-model: what it has to say are signals, and the events go into the buffer.
class EngineWorker final : public QObject {
    Q_OBJECT

public:
    EngineWorker(std::unique_ptr<SessionFactory> factory, EventBuffer& events);
    ~EngineWorker() override;

    void prepare(const std::string& device);
    /// Beside the model in use where both fit, which a failed load then leaves as it was; else in
    /// its place.
    void load(engine::LoadRequest request);
    void unload();
    void generate(const engine::Request& request);
    void measure(const std::shared_ptr<QPromise<Expected<engine::ContextUse>>>& promise,
                 const engine::Request& request);

signals:
    void loadProgressed(const lapidary::engine::LoadProgress& progress);
    void loaded(const lapidary::engine::ModelDescription& description,
                const lapidary::engine::MemoryPlan& plan);
    void loadRefused(const lapidary::Error& error, bool previousStays);
    void unloaded(std::size_t bytes);
    void memoryMeasured(const lapidary::engine::MemoryPlan& measured,
                        const lapidary::kernels::DeviceDescription& device);

private:
    struct Opened {
        std::shared_ptr<engine::Model> model;
        std::unique_ptr<engine::Session> session;
    };
    [[nodiscard]] Expected<Opened> open(const engine::LoadRequest& request);
    void release();
    void measureMemory();

    std::unique_ptr<SessionFactory> factory_;
    EventBuffer& events_;
    std::shared_ptr<engine::Model> model_;
    std::unique_ptr<engine::Session> session_;
    std::string device_;
    std::chrono::steady_clock::time_point lastMeasured_;
};

} // namespace lapidary::app
