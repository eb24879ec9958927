#include "checkpoint/describe.h"
#include "checkpoint/model_config.h"
#include "checkpoint/tensor_list.h"
#include "memory/footprint.h"

#include <kernels/assert.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace lapidary::engine;

/// The input as config.json, generation_config.json and lapidary.json. Everything that is computed
/// from a configuration alone is computed, so that the sanitizers see whether a size can overflow.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(readModelCard(text));
    const auto config = readModelConfig(text);
    const auto generation = readGenerationConfig(text, config ? *config : ModelConfig{});
    LAPIDARY_ASSERT(generation || !generation.error().sentence.empty());
    if (!config)
        return 0;
    for (const LayerConfig& layer : config->layers) {
        const LayerConfig& donor = config->layers.at(static_cast<std::size_t>(layer.kvDonor));
        LAPIDARY_ASSERT(donor.ownsKv && donor.sliding == layer.sliding);
        LAPIDARY_ASSERT(config->heads % layer.kvHeads == 0);
    }
    LAPIDARY_ASSERT(!describeVariant(*config).empty());
    LAPIDARY_ASSERT(textParameters(listTensors(*config)) > 0);
    Recipe recipe;
    recipe.contextTokens = config->maxContextTokens;
    recipe.imageBudget = 1120;
    const lapidary::kernels::DeviceDescription device{
        .id = "cpu", .name = "", .freeBytes = size << 30U};
    const MemoryPlan plan = makePlan(*config, weightBytes(*config), recipe, device);
    LAPIDARY_ASSERT(plan.fittingContextTokens <= config->maxContextTokens);
    LAPIDARY_ASSERT(plan.fits() == (plan.fittingContextTokens == config->maxContextTokens));
    return 0;
}
