#pragma once

#include "cli/bench/measure.h"
#include "cli/bench/scenario.h"
#include "generation/loaded_model.h"
#include "memory/memory_plan.h"

#include <kernels/error.h>

#include <cstddef>
#include <string>
#include <vector>

namespace lapidary::cli {

/// What a card has free, before and after what it takes of its own.
struct FreeMemory {
    std::size_t untouched = 0; ///< before this process used the card
    std::size_t opened = 0;    ///< once it is opened, before a model is loaded
};

/// The plan of a context beside what the card has given for it.
struct MemoryUse {
    std::string name;                ///< "memory-32k"
    engine::MemoryPlan planned;      ///< for text: without what reading an image takes
    std::size_t imageBytes = 0;      ///< that part of the plan
    std::size_t usedBytes = 0;       ///< by model and context, after a prompt and some tokens
    std::size_t driverBytes = 0;     ///< besides: the driver's context, its kernels and libraries
    std::vector<double> growMs = {}; ///< each time that the cache took more memory

    /// 0.01: one percent more is used than was planned.
    [[nodiscard]] double difference() const {
        const auto plan = static_cast<double>(planned.total());
        return (static_cast<double>(usedBytes) - plan) / plan;
    }
};

/// Fills a context of the scenario's length on a card, with the model loaded and no other context
/// there: grows its cache step by step, reads a prompt, decodes, and looks at what is left.
/// DoesNotFit, DeviceLost.
[[nodiscard]] Expected<MemoryUse> measureMemory(engine::LoadedModel& model,
                                                const Scenario& scenario, const FreeMemory& free,
                                                const BenchSettings& settings);

} // namespace lapidary::cli
