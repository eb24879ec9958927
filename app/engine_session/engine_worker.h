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
