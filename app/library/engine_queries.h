#pragma once

#include <engine/model.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace lapidary::app {

/// What the library asks the engine about folders and devices, from worker threads. A seam, so that
/// tests answer without checkpoints.
struct EngineQueries {
    std::function<Expected<engine::ModelDescription>(const std::filesystem::path&)> describe;
    std::function<Expected<engine::MemoryPlan>(const std::filesystem::path&, const engine::Recipe&,
                                               const kernels::DeviceDescription&)>
        plan;
    std::function<std::vector<kernels::DeviceDescription>()> devices;
    std::function<Expected<std::vector<engine::Recipe>>(const std::filesystem::path&)> recipes;
    /// Why cards of this machine are not among the devices.
    std::function<std::vector<std::string>()> missingCards = [] {
        return std::vector<std::string>();
    };
};

/// The engine of this process.
[[nodiscard]] EngineQueries engineQueries();

} // namespace lapidary::app
