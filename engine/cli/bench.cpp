#include "checkpoint/describe.h"
#include "cli/bench/cost.h"
#include "cli/bench/measure.h"
#include "cli/bench/memory.h"
#include "cli/bench/report.h"
#include "cli/bench/scenario.h"
#include "cli/bench/source.h"
#include "cli/commands.h"
#include "cli/device_option.h"
#include "cli/model_folder.h"
#include "memory/footprint.h"
#include "memory/refusal.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <format>
#include <fstream>
#include <iterator>
#include <optional>
#include <print>
#include <string>
#include <utility>
#include <vector>

namespace lapidary::cli {

using namespace engine;

namespace {

constexpr std::array kOptions = {
    kModelOption,
    kSyntheticOption,
    kDeviceOption,
    Option{.name = "--scenario",
           .value = "NAME,…",
           .help = "decode-N, prefill-N, verify[-N], ttft, load, memory[-N]; N tokens, like 300 or "
                   "32k"},
    Option{.name = "--rounds", .value = "N", .help = "rounds that count; 5 without"},
    Option{.name = "--tokens", .value = "N", .help = "tokens that a round decodes; 64 without"},
    Option{.name = "--weights",
           .value = "FORMAT",
           .help = "fp8: matrices are quantised; as they are stored without"},
    Option{.name = "--head",
           .value = "BITS",
           .help = "8: cards read the output head in 8 bits; as it is stored without"},
    Option{.name = "--cache", .value = "FORMAT", .help = "bf16 or f32; bf16 without"},
    Option{.name = "--threads", .value = "N", .help = "processor threads; one a core without"},
    Option{.name = "--compare", .value = "COMMAND", .help = "a peer's turn after every round"},
    Option{.name = "--json", .value = "FILE", .help = "also the results for programs; - for here"},
};

/// What is measured where nothing is asked for; what is beyond the model's context is left out.
constexpr auto kUsualScenarios =
    "prefill-128,decode-128,prefill-512,decode-512,prefill-2k,decode-2k,verify,ttft";

struct Asked {
    std::vector<Scenario> scenarios;
    BenchSettings settings;
    int threads = 0;
};

/// The context that a scenario takes.
int contextOf(const Scenario& scenario, const BenchSettings& settings) {
    switch (scenario.kind) {
    case Scenario::Kind::Decode:
        return scenario.tokens + settings.steps * (settings.rounds + 1) + 1;
    case Scenario::Kind::Verify:
        return scenario.tokens + 16;
    case Scenario::Kind::Memory:
        return scenario.tokens;
    default:
        return scenario.tokens + 1;
    }
}

/// Leaves out what is beyond the model's context, and refuses it where it was asked for.
Expected<void> keepFitting(Asked& asked, bool chosen, int longest) {
    const auto tooLong = [&](const Scenario& one) {
        return contextOf(one, asked.settings) > longest;
    };
    const auto first = std::ranges::find_if(asked.scenarios, tooLong);
    if (chosen && first != asked.scenarios.end())
        return fail(ErrorKind::DoesNotFit,
                    std::format("{} needs a context of {} tokens, and the model's ends at {}. "
                                "Choose a shorter one.",
                                first->name, contextOf(*first, asked.settings), longest));
    std::erase_if(asked.scenarios, tooLong);
    return {};
}

Expected<Asked> readAsked(const Arguments& arguments, int longest) {
    const auto chosen = arguments.value("--scenario");
    auto scenarios = readScenarios(chosen.value_or(kUsualScenarios));
    const auto rounds = arguments.integer("--rounds", 5, 1, 100);
    const auto tokens = arguments.integer("--tokens", 64, 1, 4096);
    const auto threads = arguments.integer("--threads", 0, 1, 1024);
    const std::string cache = arguments.value("--cache").value_or("bf16");
    const auto weights = arguments.value("--weights");
    const auto head = arguments.value("--head");
    if (!scenarios)
        return std::unexpected(scenarios.error());
    for (const auto* number : {&rounds, &tokens, &threads})
        if (!*number)
            return std::unexpected(number->error());
    if (weights && *weights != "fp8" && *weights != "bf16")
        return fail(ErrorKind::Unsupported, "--weights takes fp8, or bf16 for none quantised.");
    if (head && *head != "8" && *head != "16")
        return fail(ErrorKind::Unsupported, "--head takes 8, or 16 for as it is stored.");
    if (cache != "bf16" && cache != "f32")
        return fail(ErrorKind::Unsupported, "--cache takes bf16 or f32.");
    Asked asked{
        .scenarios = std::move(*scenarios),
        .settings = {.rounds = *rounds,
                     .steps = *tokens,
                     .weights = weights == "fp8" ? WeightChoice::Fp8 : WeightChoice::AsStored,
                     .head = head == "8" ? HeadChoice::EightBits : HeadChoice::AsStored,
                     .cache = cache == "f32" ? CacheFormat::F32 : CacheFormat::BF16},
        .threads = *threads};
    if (auto kept = keepFitting(asked, chosen.has_value(), longest); !kept)
        return std::unexpected(kept.error());
    return asked;
}

/// The device of --device or the best; refused where the model does not fit.
Expected<kernels::DeviceDescription> findDevice(const Arguments& arguments,
                                                const Checkpoint& checkpoint, const Asked& asked) {
    Recipe recipe;
    recipe.cache = asked.settings.cache;
    recipe.head = asked.settings.head;
    recipe.contextTokens = 1;
    for (const Scenario& one : asked.scenarios)
        recipe.contextTokens = std::max(recipe.contextTokens, contextOf(one, asked.settings));
    const auto plan = [&](const kernels::DeviceDescription& device) {
        return checkCache(recipe.cache, device).transform([&] {
            return makePlan(
                checkpoint.config(),
                weightBytes(checkpoint, asked.settings.weights, activationNumberBytes(device)),
                recipe, device);
        });
    };
    const auto id = deviceFor(arguments, plan);
    if (!id)
        return std::unexpected(id.error());
    auto device = kernels::describeDevice(*id);
    if (!device)
        return device;
    const auto planned = plan(*device);
    if (!planned)
        return std::unexpected(planned.error());
    if (auto fits = checkFits(*planned, describeVariant(checkpoint.config()), *device); !fits)
        return std::unexpected(fits.error());
    return device;
}

/// A model and the seconds that it took to load.
struct Loaded {
    std::unique_ptr<LoadedModel> model;
    double seconds = 0;
    std::size_t freeBytes = 0; ///< of the device, before
};

Expected<Loaded> load(Checkpoint checkpoint, const std::string& device, const Asked& asked) {
    auto backend = kernels::openDevice(device, asked.threads);
    if (!backend)
        return std::unexpected(backend.error());
    const std::size_t freeBytes = (*backend)->describe().freeBytes;
    const auto start = std::chrono::steady_clock::now();
    auto model = LoadedModel::load(std::move(checkpoint), std::move(*backend),
                                   asked.settings.weights, asked.settings.head);
    if (!model)
        return std::unexpected(model.error());
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    return Loaded{.model = std::move(*model), .seconds = time.count(), .freeBytes = freeBytes};
}

/// Loads again and again, each time after the model before is given back; leaves the last.
Expected<Measurement> measureLoad(Loaded& loaded, const Arguments& arguments,
                                  const std::string& device, const Asked& asked,
                                  const Roofline& roofline) {
    const double limit = device == "cpu" ? roofline.memory.read : roofline.memory.host;
    Measurement result{.name = "load", .unit = "GB/s", .limit = limit / 1e9};
    for (int round = 0; round < asked.settings.rounds; ++round) {
        loaded.model.reset();
        auto source = openSource(arguments);
        if (!source)
            return std::unexpected(source.error());
        // As they are stored: what is read, even where half of it is kept.
        result.bytes = static_cast<double>(weightBytes(*source, WeightChoice::AsStored).resident);
        auto again = load(std::move(*source), device, asked);
        if (!again)
            return std::unexpected(again.error());
        loaded = std::move(*again);
        result.rounds.push_back(result.bytes / loaded.seconds / 1e9);
        if (asked.settings.betweenRounds)
            asked.settings.betweenRounds();
    }
    return result;
}

Expected<void> writeJson(const std::string& file, const BenchReport& report) {
    if (file == "-") {
        std::print("{}", benchJson(report));
        return {};
    }
    std::ofstream stream(file, std::ios::binary | std::ios::trunc);
    stream << benchJson(report);
    stream.close();
    if (!stream)
        return fail(ErrorKind::Denied,
                    std::format("{} cannot be written. Check that its folder exists, may be "
                                "written to and has room.",
                                file));
    return {};
}

/// Loads the model and fills the report with every scenario.
///   untouchedBytes  free on the device before it was used
Expected<void> measureAll(Checkpoint checkpoint, const Arguments& arguments, Asked& asked,
                          std::size_t untouchedBytes, BenchReport& report) {
    const auto roofline = measureRoofline(report.deviceId, asked.threads);
    if (!roofline)
        return std::unexpected(roofline.error());
    report.roofline = *roofline;
    auto loaded = load(std::move(checkpoint), report.deviceId, asked);
    if (!loaded)
        return std::unexpected(loaded.error());
    report.loadSeconds = loaded->seconds;

    std::optional<Error> peerError;
    const auto command = arguments.value("--compare");
    if (command)
        asked.settings.betweenRounds = [&] {
            if (peerError)
                return;
            if (auto ran = runPeer(*command, report.peers.back()); !ran)
                peerError = ran.error();
        };
    for (const Scenario& scenario : asked.scenarios) {
        if (scenario.kind == Scenario::Kind::Memory) {
            const FreeMemory free{.untouched = untouchedBytes, .opened = loaded->freeBytes};
            auto use = measureMemory(*loaded->model, scenario, free, asked.settings);
            if (!use)
                return std::unexpected(use.error());
            report.memory.push_back(std::move(*use));
            continue;
        }
        if (command)
            report.peers.push_back({.scenario = scenario.name});
        Expected<std::vector<Measurement>> measured;
        if (scenario.kind == Scenario::Kind::Load)
            measured = measureLoad(*loaded, arguments, report.deviceId, asked, *roofline)
                           .transform([](const Measurement& one) { return std::vector{one}; });
        else
            measured = measure(*loaded->model, scenario, *roofline, asked.settings);
        if (!measured)
            return std::unexpected(measured.error());
        std::ranges::move(*measured, std::back_inserter(report.measurements));
        if (peerError)
            return std::unexpected(*peerError);
    }
    return {};
}

Expected<ExitCode> run(const Arguments& arguments) {
    auto checkpoint = openSource(arguments);
    if (!checkpoint)
        return std::unexpected(checkpoint.error());
    auto asked = readAsked(arguments, checkpoint->config().maxContextTokens);
    if (!asked)
        return std::unexpected(asked.error());
    const auto device = findDevice(arguments, *checkpoint, *asked);
    if (!device)
        return std::unexpected(device.error());
    if (device->id == "cpu"
        && std::ranges::contains(asked->scenarios, Scenario::Kind::Memory, &Scenario::kind))
        return fail(ErrorKind::Unsupported,
                    "memory is measured on graphics cards. Name one with --device, or leave it "
                    "out of --scenario.");
    asked->settings.head = headOn(*device, asked->settings.head);
    BenchReport report{
        .model = describeVariant(checkpoint->config()),
        .weights = checkpoint->format()
                   + (asked->settings.weights == WeightChoice::Fp8 ? " as FP8" : "")
                   + (asked->settings.head == HeadChoice::EightBits ? ", head in 8 bits" : ""),
        .deviceId = device->id,
        .deviceName = device->name,
        .weightBytesPerToken =
            tokenCost(*checkpoint, asked->settings.weights, asked->settings.head).weightBytes};
    if (auto done =
            measureAll(std::move(*checkpoint), arguments, *asked, device->freeBytes, report);
        !done)
        return std::unexpected(done.error());
    const auto file = arguments.value("--json");
    if (file != "-")
        std::print("{}", benchText(report));
    if (file)
        if (auto written = writeJson(*file, report); !written)
            return std::unexpected(written.error());
    return ExitCode::Done;
}

} // namespace

constinit const Command kBench = {
    .name = "bench",
    .summary = "Measures how fast a model runs on this machine",
    .operands = "",
    .help =
        "Measures scenarios in rounds, after one that does not count, beside what the device\n"
        "gives at best in the same run: a stream that only reads and a copy, over 4 GB on a\n"
        "card, and a product of large matrices. Decoding reads all weights and the cache for\n"
        "every token and can be no faster; the limit of prefill is arithmetic in bf16. verify\n"
        "times steps of 1, 2, 4, 8 and 16 rows. Long contexts hold random numbers, as do the\n"
        "weights of --synthetic, which needs no files and has the shapes of the real sizes.\n\n"
        "memory fills a context of N tokens and tells what the card has given for it and the\n"
        "model, beside what was planned; how long the cache took to grow, a time for every 256\n"
        "positions; and what the driver, its kernels and libraries take besides.\n\n"
        "--compare runs another program in the shell after every round, with the scenario's name\n"
        "in LAPIDARY_SCENARIO. What it prints last before tok/s, t/s, tokens/s or \"tokens per\n"
        "second\" is its rate; when it prints none, its wall-clock time is taken.",
    .options = kOptions,
    .run = run,
};

} // namespace lapidary::cli
