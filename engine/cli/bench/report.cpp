#include "cli/bench/report.h"

#include "cli/bench/statistics.h"

#include <nlohmann/json.hpp>

#include <format>
#include <utility>

namespace lapidary::cli {

namespace {

/// How near the limit: 1 is the roofline, whichever way the unit points.
double shareOfLimit(const Measurement& one) {
    const double median = spreadOf(one.rounds).median;
    if (one.limit <= 0 || median <= 0)
        return 0;
    return one.unit == "ms" ? one.limit / median : median / one.limit;
}

std::string rooflineText(const Roofline& roofline) {
    std::string text = std::format("read stream {:.1f} GB/s", roofline.memory.read / 1e9);
    if (roofline.memory.copy > 0)
        text += std::format(" · copy {:.1f} GB/s · from the host {:.1f} GB/s",
                            roofline.memory.copy / 1e9, roofline.memory.host / 1e9);
    text += std::format(" · products {:.2f} TFLOP/s", roofline.bf16Flops / 1e12);
    if (roofline.fp8Flops > 0)
        text += std::format(", of FP8 {:.2f}", roofline.fp8Flops / 1e12);
    return text;
}

std::string line(const std::string& name, const std::vector<double>& rounds,
                 const std::string& unit) {
    const Spread spread = spreadOf(rounds);
    return std::format("{:<20}{:>12.2f}{:>12.2f}{:>12.2f}  {:<6}", name, spread.median,
                       spread.least, spread.most, unit);
}

} // namespace

std::string benchText(const BenchReport& report) {
    std::string text =
        std::format("{}, {} on {}\n{}\nweights read per token {:.1f} MB · loaded in {:.2f} s\n\n",
                    report.model, report.weights, report.deviceName, rooflineText(report.roofline),
                    report.weightBytesPerToken / 1e6, report.loadSeconds);
    text += std::format("{:<20}{:>12}{:>12}{:>12}  {:<6}{:>12}{:>10}{:>10}\n", "scenario", "median",
                        "least", "most", "", "limit", "of limit", "p99/p50");
    for (const Measurement& one : report.measurements) {
        text += line(one.name, one.rounds, one.unit);
        text += std::format("{:>12.2f}{:>9.1f}%", one.limit, 100 * shareOfLimit(one));
        if (!one.stepMs.empty())
            text += std::format("{:>10.2f}", jitterOf(one.stepMs));
        text += "\n";
    }
    for (const PeerResult& peer : report.peers)
        text += line("peer, " + peer.scenario, peer.rounds, peer.unit) + "\n";
    return text;
}

std::string benchJson(const BenchReport& report) {
    using Json = nlohmann::ordered_json;
    Json results = Json::array();
    for (const Measurement& one : report.measurements) {
        const Spread spread = spreadOf(one.rounds);
        Json entry = {{"scenario", one.name},    {"unit", one.unit},
                      {"median", spread.median}, {"least", spread.least},
                      {"most", spread.most},     {"rounds", one.rounds},
                      {"limit", one.limit},      {"ofLimit", shareOfLimit(one)},
                      {"bytes", one.bytes}};
        if (!one.stepMs.empty()) {
            entry["medianStepMs"] = spreadOf(one.stepMs).median;
            entry["p99OverMedian"] = jitterOf(one.stepMs);
        }
        results.push_back(std::move(entry));
    }
    Json peers = Json::array();
    for (const PeerResult& peer : report.peers)
        peers.push_back({{"scenario", peer.scenario},
                         {"unit", peer.unit},
                         {"median", spreadOf(peer.rounds).median},
                         {"rounds", peer.rounds}});
    const Json json = {{"model", report.model},
                       {"weights", report.weights},
                       {"device", report.deviceId},
                       {"deviceName", report.deviceName},
                       {"weightBytesPerToken", report.weightBytesPerToken},
                       {"loadSeconds", report.loadSeconds},
                       {"roofline",
                        {{"readBytesPerSecond", report.roofline.memory.read},
                         {"copyBytesPerSecond", report.roofline.memory.copy},
                         {"hostBytesPerSecond", report.roofline.memory.host},
                         {"bf16Flops", report.roofline.bf16Flops},
                         {"fp8Flops", report.roofline.fp8Flops}}},
                       {"results", std::move(results)},
                       {"peers", std::move(peers)}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace lapidary::cli
