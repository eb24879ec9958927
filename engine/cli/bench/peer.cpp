#include "cli/bench/peer.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <format>
#include <regex>

namespace lapidary::cli {

std::optional<double> printedRate(const std::string& text) {
    static const std::regex pattern(
        R"(([0-9]+(\.[0-9]+)?)\s*(tok/s|tokens/s|t/s|tokens per second))");
    std::optional<double> rate;
    for (std::sregex_iterator match(text.begin(), text.end(), pattern);
         match != std::sregex_iterator(); ++match)
        rate = std::strtod((*match)[1].str().c_str(), nullptr);
    return rate;
}

Expected<void> runPeer(const std::string& command, PeerResult& result) {
    // Names of scenarios are letters, digits and dashes.
    const std::string line =
        std::format("export LAPIDARY_SCENARIO={}; {{ {}\n}} 2>&1", result.scenario, command);
    const auto start = std::chrono::steady_clock::now();
    std::FILE* const pipe = popen(line.c_str(), "r");
    if (pipe == nullptr)
        return fail(ErrorKind::Unsupported,
                    "The peer's command could not be started. Check that there is a shell.");
    std::string output;
    std::array<char, 4096> piece{};
    for (std::size_t count = 0; (count = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;)
        output.append(piece.data(), count);
    if (pclose(pipe) != 0)
        return fail(
            ErrorKind::Unsupported,
            std::format("The peer's command failed. Run it by itself to see why: {}", command),
            output);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    const std::optional<double> rate = printedRate(output);
    result.unit = rate ? "tok/s" : "s";
    result.rounds.push_back(rate.value_or(time.count()));
    return {};
}

} // namespace lapidary::cli
