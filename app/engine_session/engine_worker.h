#pragma once

#include "event_buffer.h"
#include "session_factory.h"

#include <QObject>
#include <QPromise>

#include <atomic>
#include <chrono>
#include <memory>

namespace lapidary::app {

/// Owns the model and its session, on the engine thread. The controller calls its functions through
/// the event queue of that thread, but `cancel`, which any thread may call. It knows no view-model:
/// what it has to say are signals, and the events go into the buffer.
class EngineWorker final : public QObject {
    Q_OBJECT

public:
    EngineWorker(std::unique_ptr<SessionFactory> factory, EventBuffer& events);
    ~EngineWorker() override;

    void load(engine::LoadRequest request);
    void unload();
    void generate(quint64 id, const engine::Request& request);
    void measure(const std::shared_ptr<QPromise<Expected<engine::ContextUse>>>& promise,
                 const engine::Request& request);

    /// Ends generation `id` within one step, also when it has not begun yet. Any thread.
    void cancel(quint64 id) noexcept;

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
    /// Shared so that `cancel` can hold it while this thread lets go of it.
    std::atomic<std::shared_ptr<engine::Session>> session_;
    std::atomic<quint64> cancelled_ = 0; ///< the highest id that was asked to end
    std::string device_;
    std::chrono::steady_clock::time_point lastMeasured_;
};

} // namespace lapidary::app
