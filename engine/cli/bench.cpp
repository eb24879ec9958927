#include "checkpoint/describe.h"
#include "checkpoint/tensor_list.h"
#include "cli/commands.h"
#include "cli/device_option.h"
#include "cli/model_folder.h"
#include "cli/read_bandwidth.h"
#include "generation/context.h"
#include "memory/refusal.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <format>
#include <print>
#include <random>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

namespace lapidary::cli {

using namespace engine;

namespace {

constexpr std::array kOptions = {
    kModelOption,
    kDeviceOption,
    Option{.name = "--lengths",
           .value = "N,N,…",
           .help = "tokens of the prompts; 16,128,512,2048 without"},
    Option{.name = "--tokens", .value = "N", .help = "tokens to decode after each; 64 without"},
    Option{.name = "--rounds", .value = "N", .help = "times to measure; medians count; 3 without"},
    Option{.name = "--cache", .value = "FORMAT", .help = "bf16 or f32; bf16 without"},
    Option{.name = "--threads", .value = "N", .help = "processor threads; one a core without"},
    Option{.name = "--json", .value = "", .help = "the results for programs"},
};

struct Settings {
    std::vector<int> lengths;
    int tokens = 64;
    int rounds = 3;
    CacheFormat cache = CacheFormat::BF16;
    int threads = 0;
};

/// The medians at one length of the prompt.
struct Row {
    int promptTokens = 0;
    double prefillTokensPerSecond = 0;
    double decodeTokensPerSecond = 0;
    double slowestStepMs = 0; // of all rounds
};

double secondsOf(auto&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
    std::ranges::nth_element(values, values.begin() + static_cast<long>(values.size() / 2));
    return values[values.size() / 2];
}

Expected<std::vector<int>> readLengths(const std::string& text) {
    std::vector<int> lengths;
    for (const auto part : std::views::split(text, ',')) {
        const std::string_view digits(part);
        int length = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), length);
        if (error != std::errc{} || end != digits.data() + digits.size() || length < 1)
            return fail(ErrorKind::Unsupported,
                        std::format("--lengths takes numbers from 1 on, separated by commas; "
                                    "“{}” is none.",
                                    digits));
        lengths.push_back(length);
    }
    return lengths;
}

Expected<Settings> readSettings(const Arguments& arguments) {
    const auto lengths = readLengths(arguments.value("--lengths").value_or("16,128,512,2048"));
    const auto tokens = arguments.integer("--tokens", 64, 1, 4096);
    const auto rounds = arguments.integer("--rounds", 3, 1, 100);
    const auto threads = arguments.integer("--threads", 0, 1, 1024);
    const std::string cache = arguments.value("--cache").value_or("bf16");
    if (!lengths)
        return std::unexpected(lengths.error());
    for (const auto* number : {&tokens, &rounds, &threads})
        if (!*number)
            return std::unexpected(number->error());
    if (cache != "bf16" && cache != "f32")
        return fail(ErrorKind::Unsupported, "--cache takes bf16 or f32.");
    return Settings{.lengths = *lengths,
                    .tokens = *tokens,
                    .rounds = *rounds,
                    .cache = cache == "f32" ? CacheFormat::F32 : CacheFormat::BF16,
                    .threads = *threads};
}

/// Bytes of weights that one token of text reads: all matrices but the tables that are only
/// gathered from and the tower, and of the experts the chosen part.
double bytesPerToken(const Checkpoint& checkpoint) {
    double bytes = 0;
    const auto& experts = checkpoint.config().experts;
    for (const TensorSpec& spec : checkpoint.specs()) {
        if (spec.use != TensorUse::Matrix || spec.part == TensorPart::Vision
            || spec.part == TensorPart::PerLayerTable)
            continue;
        const bool isStack = spec.part == TensorPart::Experts && spec.shape.size() == 3;
        bytes += static_cast<double>(checkpoint.packedBytes(spec, WeightChoice::AsStored))
                 * (isStack && experts ? static_cast<double>(experts->topK) / experts->count : 1);
    }
    return bytes;
}

Expected<Row> measure(LoadedModel& model, const Settings& settings, int length) {
    std::mt19937 random(1);
    std::uniform_int_distribution<std::int32_t> token(0, model.config().vocabulary - 1);
    TokenSequence prompt;
    for (int i = 0; i < length; ++i) {
        const std::int32_t id = token(random);
        prompt.append(id == model.config().tokens.image ? 0 : id);
    }
    auto context = Context::open(model, length + settings.tokens, settings.cache);
    if (!context)
        return std::unexpected(context.error());

    Row row{.promptTokens = length};
    std::vector<double> prefill;
    std::vector<double> decode;
    for (int round = 0; round < settings.rounds; ++round) {
        context->clear();
        Expected<bool> read = true;
        prefill.push_back(secondsOf([&] {
            read = context->prefill({.tokens = prompt, .image = {}, .progress = {}, .logits = {}});
        }));
        if (!read)
            return std::unexpected(read.error());
        double all = 0;
        for (int i = 0; i < settings.tokens; ++i) {
            Expected<void> stepped;
            const double seconds = secondsOf([&] {
                const auto id = context->draw({.temperature = 0}, {});
                stepped = id ? context->extend(*id) : std::unexpected(id.error());
            });
            if (!stepped)
                return std::unexpected(stepped.error());
            all += seconds;
            row.slowestStepMs = std::max(row.slowestStepMs, seconds * 1000);
        }
        decode.push_back(all);
    }
    row.prefillTokensPerSecond = length / median(prefill);
    row.decodeTokensPerSecond = settings.tokens / median(decode);
    return row;
}

void printTable(const LoadedModel& model, const std::vector<Row>& rows, double bandwidth) {
    const double bytes = bytesPerToken(model.checkpoint);
    std::println("{} on {}", describeVariant(model.config()), model.backend->describe().name);
    std::println("weights read per token: {:.1f} MB · plain read loop: {:.1f} GB/s\n", bytes / 1e6,
                 bandwidth / 1e9);
    std::println("{:>8} {:>14} {:>14} {:>14} {:>14}", "prompt", "prefill tok/s", "decode tok/s",
                 "of read loop", "slowest ms");
    for (const Row& row : rows)
        std::println("{:>8} {:>14.1f} {:>14.2f} {:>13.1f}% {:>14.2f}", row.promptTokens,
                     row.prefillTokensPerSecond, row.decodeTokensPerSecond,
                     100 * row.decodeTokensPerSecond * bytes / bandwidth, row.slowestStepMs);
}

void printJson(const LoadedModel& model, const std::vector<Row>& rows, double bandwidth,
               const Settings& settings) {
    nlohmann::ordered_json result = {
        {"model", describeVariant(model.config())},
        {"device", model.backend->describe().name},
        {"weightBytesPerToken", bytesPerToken(model.checkpoint)},
        {"readLoopBytesPerSecond", bandwidth},
        {"decodedTokens", settings.tokens},
        {"rounds", settings.rounds},
        {"results", nlohmann::ordered_json::array()},
    };
    for (const Row& row : rows)
        result["results"].push_back({{"promptTokens", row.promptTokens},
                                     {"prefillTokensPerSecond", row.prefillTokensPerSecond},
                                     {"decodeTokensPerSecond", row.decodeTokensPerSecond},
                                     {"slowestStepMs", row.slowestStepMs}});
    std::println("{}", result.dump(2));
}

Expected<ExitCode> run(const Arguments& arguments) {
    const auto settings = readSettings(arguments);
    if (!settings)
        return std::unexpected(settings.error());
    Recipe recipe;
    recipe.cache = settings->cache;
    recipe.contextTokens = std::ranges::max(settings->lengths) + settings->tokens;
    const auto device = deviceFor(arguments, modelFolder(arguments), recipe);
    if (!device)
        return std::unexpected(device.error());
    auto checkpoint = Checkpoint::open(modelFolder(arguments));
    if (!checkpoint)
        return std::unexpected(checkpoint.error());
    auto backend = kernels::openDevice(*device, settings->threads);
    if (!backend)
        return std::unexpected(backend.error());
    if (auto cache = checkCache(settings->cache, (*backend)->describe()); !cache)
        return std::unexpected(cache.error());
    const auto model =
        LoadedModel::load(std::move(*checkpoint), std::move(*backend), WeightChoice::AsStored);
    if (!model)
        return std::unexpected(model.error());

    const double bandwidth = readBandwidth(settings->threads);
    std::vector<Row> rows;
    for (const int length : settings->lengths) {
        if (length + settings->tokens > (*model)->config().maxContextTokens)
            continue;
        auto row = measure(**model, *settings, length);
        if (!row)
            return std::unexpected(row.error());
        rows.push_back(*row);
    }
    if (arguments.has("--json"))
        printJson(**model, rows, bandwidth, *settings);
    else
        printTable(**model, rows, bandwidth);
    return ExitCode::Done;
}

} // namespace

constinit const Command kBench = {
    .name = "bench",
    .summary = "Measures how fast a model runs on this machine",
    .operands = "",
    .help = "Prefill and decode in tokens per second after prompts of several lengths, medians of\n"
            "several rounds, beside what a plain loop over memory reads in the same run: decoding\n"
            "reads all weights for every token and can be no faster. Lengths beyond the model's\n"
            "context are left out.",
    .options = kOptions,
    .run = run,
};

} // namespace lapidary::cli
