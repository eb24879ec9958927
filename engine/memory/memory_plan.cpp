#include "memory/memory_plan.h"

#include "checkpoint/checkpoint.h"
#include "memory/cache_geometry.h"
#include "memory/footprint.h"
#include "memory/refusal.h"
#include "memory/size_text.h"
#include "model.h"

#include <algorithm>
#include <format>
#include <string>

namespace lapidary::engine {

namespace {

/// The longest context whose cache takes at most `room`. Contexts above 1024 are rounded down to
/// whole 1024: the number is for people.
int fittingContext(const CacheGeometry& geometry, CacheFormat format, int limit, std::size_t room) {
    int fits = 0;
    int tooLong = limit + 1;
    while (tooLong - fits > 1) {
        const int middle = fits + (tooLong - fits) / 2;
        (geometry.bytes(middle, format) <= room ? fits : tooLong) = middle;
    }
    return fits == limit || fits < 1024 ? fits : fits / 1024 * 1024;
}

} // namespace

MemoryPlan makePlan(const ModelConfig& config, const WeightBytes& weights, const Recipe& recipe,
                    const kernels::DeviceDescription& device) {
    const CacheGeometry geometry = cacheGeometry(config);
    const std::size_t numberBytes = activationNumberBytes(device);
    MemoryPlan plan;
    plan.availableBytes = device.freeBytes;
    plan.contextTokens = std::min(recipe.contextTokens, config.maxContextTokens);
    const auto set = [&](MemoryPart part, std::size_t bytes) {
        plan.bytes[static_cast<std::size_t>(part)] = bytes;
    };
    set(MemoryPart::Weights, weights.resident + headBytes(config, recipe.head, device));
    set(MemoryPart::Activations, activationBytes(config, numberBytes));
    set(MemoryPart::Workspace, workspaceBytes(config, recipe.imageBudget, numberBytes));
    const std::size_t withoutCache = plan.total();
    if (withoutCache <= plan.availableBytes)
        plan.fittingContextTokens = fittingContext(geometry, recipe.cache, config.maxContextTokens,
                                                   plan.availableBytes - withoutCache);
    set(MemoryPart::Cache, geometry.bytes(plan.contextTokens, recipe.cache));
    return plan;
}

Expected<MemoryPlan> planMemory(const std::filesystem::path& folder, const Recipe& recipe,
                                const kernels::DeviceDescription& device) {
    const Expected<Checkpoint> checkpoint = Checkpoint::open(folder);
    if (!checkpoint)
        return std::unexpected(checkpoint.error());
    return makePlan(checkpoint->config(),
                    weightBytes(*checkpoint, recipe.weights, activationNumberBytes(device)), recipe,
                    device);
}

Expected<void> checkFits(const MemoryPlan& plan, const std::string& model,
                         const kernels::DeviceDescription& device) {
    if (plan.fits())
        return {};
    const std::string remedy =
        plan.fittingContextTokens > 0
            ? std::format("choose a context of at most {} tokens, or close other programs",
                          plan.fittingContextTokens)
            : std::string("choose a smaller model, or close other programs");
    return fail(ErrorKind::DoesNotFit,
                std::format("{} needs {} for a context of {} tokens, and {} are free on {}: {}.",
                            model, sizeForPeople(plan.total()), plan.contextTokens,
                            sizeForPeople(plan.availableBytes), device.name, remedy));
}

Expected<void> checkCache(CacheFormat format, const kernels::DeviceDescription& device) {
    if (format != CacheFormat::F32 || device.id == "cpu")
        return {};
    return fail(
        ErrorKind::Unsupported,
        std::format("{} keeps no cache in f32: choose bf16, or the processor.", device.name));
}

} // namespace lapidary::engine
