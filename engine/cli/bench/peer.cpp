#include "cli/bench/peer.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <format>

namespace lapidary::cli {

namespace {

/// The number that a text ends with, white space aside.
std::optional<double> numberAtEnd(std::string_view text) {
    text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
    text.remove_prefix(text.find_last_not_of("0123456789.") + 1);
    double number = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc())
        return std::nullopt;
    return number;
}

} // namespace

std::optional<double> printedRate(std::string_view text) {
    std::optional<double> rate;
    std::size_t last = 0;
    for (const std::string_view unit : {"tok/s", "t/s", "tokens/s", "tokens per second"})
        for (std::size_t at = text.find(unit); at != std::string_view::npos;
             at = text.find(unit, at + 1))
            if (const auto number = numberAtEnd(text.substr(0, at)); number && at >= last) {
                rate = number;
                last = at;
            }
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
