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

std::string megabytes(std::size_t bytes) {
    return std::format("{:.0f} MB", static_cast<double>(bytes) / 1e6);
}

/// What was planned and what is used, a line a context, and how long a cache took to grow.
std::string memoryText(const std::vector<MemoryUse>& all) {
    std::string text =
        std::format("{:<20}{:>12}{:>12}{:>12}{:>18}{:>12}{:>12}\n", "memory", "planned", "in use",
                    "difference", "grown in, median", "p99", "worst");
    for (const MemoryUse& one : all) {
        const Spread grown = spreadOf(one.growMs);
        text += std::format("{:<20}{:>12}{:>12}{:>+11.1f}%{:>15.3f} ms{:>9.3f} ms{:>9.3f} ms\n",
                            one.name, megabytes(one.planned.total()), megabytes(one.usedBytes),
                            100 * one.difference(), grown.median, percentile99Of(one.growMs),
                            grown.most);
    }
    const MemoryUse& last = all.back();
    text += std::format("besides: {} of the driver, its kernels and libraries",
                        megabytes(last.driverBytes));
    if (last.imageBytes > 0)
        text += std::format("; {} while an image is read", megabytes(last.imageBytes));
    return text + "\n";
}

/// The same for programs.
nlohmann::ordered_json memoryJson(const std::vector<MemoryUse>& all) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const MemoryUse& one : all) {
        const Spread grown = spreadOf(one.growMs);
        list.push_back({{"scenario", one.name},
                        {"contextTokens", one.planned.contextTokens},
                        {"plannedBytes", one.planned.total()},
                        {"usedBytes", one.usedBytes},
                        {"difference", one.difference()},
                        {"driverBytes", one.driverBytes},
                        {"imageBytes", one.imageBytes},
                        {"medianGrowMs", grown.median},
                        {"p99GrowMs", percentile99Of(one.growMs)},
                        {"worstGrowMs", grown.most}});
    }
    return list;
}

} // namespace

std::string benchText(const BenchReport& report) {
    std::string text =
        std::format("{}, {} on {}\n{}\nweights read per token {:.1f} MB · loaded in {:.2f} s\n\n",
                    report.model, report.weights, report.deviceName, rooflineText(report.roofline),
                    report.weightBytesPerToken / 1e6, report.loadSeconds);
    if (!report.measurements.empty())
        text += std::format("{:<20}{:>12}{:>12}{:>12}  {:<6}{:>12}{:>10}{:>10}\n", "scenario",
                            "median", "least", "most", "", "limit", "of limit", "p99/p50");
    for (const Measurement& one : report.measurements) {
        text += line(one.name, one.rounds, one.unit);
        text += std::format("{:>12.2f}{:>9.1f}%", one.limit, 100 * shareOfLimit(one));
        if (!one.stepMs.empty())
            text += std::format("{:>10.2f}", jitterOf(one.stepMs));
        text += "\n";
    }
    if (!report.memory.empty())
        text += memoryText(report.memory);
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
                       {"memory", memoryJson(report.memory)},
                       {"peers", std::move(peers)}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace lapidary::cli
