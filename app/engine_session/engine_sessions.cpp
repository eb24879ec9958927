#include "folder_check.h"
#include "session_factory.h"

#include <algorithm>
#include <format>

namespace lapidary::app {
namespace {

class EngineSessions final : public SessionFactory {
public:
    [[nodiscard]] Expected<engine::MemoryPlan> plan(const engine::LoadRequest& request,
                                                    std::size_t freeable) override {
        kernels::DeviceDescription target = device(request.device);
        if (target.id.empty())
            return fail(ErrorKind::NotFound,
                        std::format("The device “{}” is not there any more; choose another.",
                                    request.device));
        target.freeBytes = std::min(target.totalBytes, target.freeBytes + freeable);
        auto plan = engine::planMemory(request.folder, request.recipe, target);
        if (!plan)
            return plan;
        if (const Expected<void> complete = checkFolder(request.folder); !complete)
            return std::unexpected(complete.error());
        if (plan->fits())
            return plan;
        constexpr double kGiga = 1e9;
        return fail(ErrorKind::DoesNotFit,
                    std::format("{} with {} needs {:.1f} GB; {:.1f} GB are free. {}",
                                request.folder.filename().string(), request.recipe.title,
                                static_cast<double>(plan->total()) / kGiga,
                                static_cast<double>(plan->availableBytes) / kGiga,
                                plan->fittingContextTokens > 0
                                    ? "Choose a recipe with a shorter context."
                                    : "Choose a smaller model."));
    }

    [[nodiscard]] Expected<std::shared_ptr<engine::Model>>
    load(const engine::LoadRequest& request) override {
        return engine::loadModel(request);
    }

    void prepare(const std::string& device) override {
        const std::vector<kernels::DeviceDescription> devices = kernels::listDevices();
        const auto found = std::ranges::find(devices, device, &kernels::DeviceDescription::id);
        const std::string& id = found == devices.end() ? devices.front().id : found->id;
        // A device that cannot be opened says so to the load that wants it.
        if (id != "cpu")
            static_cast<void>(kernels::prepareDevice(id));
    }

    [[nodiscard]] kernels::DeviceDescription device(const std::string& id) override {
        const std::vector<kernels::DeviceDescription> devices = kernels::listDevices();
        const auto found = std::ranges::find(devices, id, &kernels::DeviceDescription::id);
        return found == devices.end() ? kernels::DeviceDescription() : *found;
    }
};

} // namespace

std::unique_ptr<SessionFactory> engineSessions() {
    return std::make_unique<EngineSessions>();
}

} // namespace lapidary::app
