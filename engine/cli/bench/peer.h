#pragma once

#include <kernels/error.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::cli {

/// What a peer's command did beside one scenario, a value a round.
struct PeerResult {
    std::string scenario;
    std::string unit = {}; ///< "tok/s" where the command prints a rate, else "s" of wall-clock time
    std::vector<double> rounds = {};
};

/// The last number in a text that stands before "tok/s", "t/s", "tokens/s" or "tokens per second".
[[nodiscard]] std::optional<double> printedRate(std::string_view text);

/// Runs a command in the shell, with the scenario's name in LAPIDARY_SCENARIO, and notes its rate
/// or, where it prints none, its time. Unsupported when the command fails.
[[nodiscard]] Expected<void> runPeer(const std::string& command, PeerResult& result);

} // namespace lapidary::cli
