#pragma once

#include <engine/model.h>

#include <memory>

namespace lapidary::app {

/// Where models come from: the engine of this process, a recording, a test. Called on the engine
/// thread, one call at a time.
class SessionFactory {
public:
    SessionFactory() = default;
    SessionFactory(const SessionFactory&) = delete;
    SessionFactory& operator=(const SessionFactory&) = delete;
    virtual ~SessionFactory() = default;

    /// What the model would take, with `freeable` bytes given back first. Errors as planMemory.
    [[nodiscard]] virtual Expected<engine::MemoryPlan> plan(const engine::LoadRequest& request,
                                                            std::size_t freeable) = 0;

    /// Loads; errors as loadModel.
    [[nodiscard]] virtual Expected<std::shared_ptr<engine::Model>>
    load(const engine::LoadRequest& request) = 0;

    /// Opens a device ahead of the first load, so that what a process pays once for it, a driver's
    /// set-up of half a second, is paid by then. The best device where `device` is "" or is gone.
    virtual void prepare(const std::string& /*device*/) {}

    /// The device's memory now, for the gauge.
    [[nodiscard]] virtual kernels::DeviceDescription device(const std::string& id) = 0;
};

/// The engine of this process.
[[nodiscard]] std::unique_ptr<SessionFactory> engineSessions();

} // namespace lapidary::app
