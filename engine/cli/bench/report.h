#pragma once

#include "cli/bench/measure.h"
#include "cli/bench/memory.h"
#include "cli/bench/peer.h"
#include "cli/bench/roofline.h"

#include <string>
#include <vector>

namespace lapidary::cli {

/// Everything that a run of `bench` found.
struct BenchReport {
    std::string model;
    std::string weights; ///< "random BF16"
    std::string deviceId;
    std::string deviceName;
    double weightBytesPerToken = 0;
    double loadSeconds = 0;
    Roofline roofline = {};
    std::vector<Measurement> measurements = {};
    std::vector<MemoryUse> memory = {};
    std::vector<PeerResult> peers = {}; ///< one a scenario, where there is a peer
};

/// A table for people.
[[nodiscard]] std::string benchText(const BenchReport& report);

/// The same for programs, with every round.
[[nodiscard]] std::string benchJson(const BenchReport& report);

} // namespace lapidary::cli
