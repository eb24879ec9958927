#pragma once

#include "cli/bench/roofline.h"
#include "cli/bench/scenario.h"
#include "generation/loaded_model.h"
#include "recipe.h"

#include <functional>
#include <string>
#include <vector>

namespace lapidary::cli {

/// What was measured, one value a round.
struct Measurement {
    std::string name; ///< "decode-32k", "verify-4"
    std::string unit; ///< "tok/s", "ms", "GB/s"
    std::vector<double> rounds = {};
    double limit = 0;                ///< by the roofline of the run, in the same unit
    double bytes = 0;                ///< that one token or one load reads at least; 0: not told
    std::vector<double> stepMs = {}; ///< each step of all rounds; empty where there are none
};

struct BenchSettings {
    int rounds = 5;
    int steps = 64; ///< of a round that decodes
    engine::WeightChoice weights = engine::WeightChoice::AsStored;
    engine::HeadChoice head = engine::HeadChoice::AsStored;
    engine::CacheFormat cache = engine::CacheFormat::BF16;
    std::function<void()> betweenRounds = {}; ///< a peer's turn
};

/// Measures a scenario other than load and memory on a loaded model; one round before the first is
/// not counted. DoesNotFit, DeviceLost.
[[nodiscard]] Expected<std::vector<Measurement>> measure(engine::LoadedModel& model,
                                                         const Scenario& scenario,
                                                         const Roofline& roofline,
                                                         const BenchSettings& settings);

} // namespace lapidary::cli
