#include "cli/bench/scenario.h"

#include <charconv>
#include <format>
#include <optional>
#include <ranges>
#include <string_view>
#include <utility>

namespace lapidary::cli {

namespace {

constexpr int kMost = 1 << 20;

/// "300", "32k"
std::optional<int> readLength(std::string_view text) {
    const bool kilo = text.ends_with('k');
    if (kilo)
        text.remove_suffix(1);
    int length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (error != std::errc{} || end != text.data() + text.size() || length < 1
        || length > (kilo ? kMost / 1024 : kMost))
        return std::nullopt;
    return kilo ? length * 1024 : length;
}

std::optional<Scenario> readScenario(std::string_view text) {
    using Kind = Scenario::Kind;
    const std::string name(text);
    if (text == "load")
        return Scenario{.kind = Kind::Load, .tokens = 0, .name = name};
    if (text == "ttft")
        return Scenario{.kind = Kind::FirstToken, .tokens = 30, .name = name};
    if (text == "verify")
        return Scenario{.kind = Kind::Verify, .tokens = 1024, .name = name};
    if (text == "memory")
        return Scenario{.kind = Kind::Memory, .tokens = 4096, .name = name};
    constexpr std::pair<std::string_view, Kind> kWithLength[] = {{"decode-", Kind::Decode},
                                                                 {"prefill-", Kind::Prefill},
                                                                 {"verify-", Kind::Verify},
                                                                 {"memory-", Kind::Memory}};
    for (const auto& [prefix, kind] : kWithLength)
        if (text.starts_with(prefix))
            if (const auto length = readLength(text.substr(prefix.size())))
                return Scenario{.kind = kind, .tokens = *length, .name = name};
    return std::nullopt;
}

} // namespace

Expected<std::vector<Scenario>> readScenarios(const std::string& text) {
    std::vector<Scenario> scenarios;
    for (const auto part : std::views::split(text, ',')) {
        const std::string_view word(part);
        auto scenario = readScenario(word);
        if (!scenario)
            return fail(ErrorKind::Unsupported,
                        std::format("“{}” is no scenario: decode-N, prefill-N, verify, verify-N, "
                                    "ttft, load, memory and memory-N are, with N like 300 or 32k.",
                                    word));
        scenarios.push_back(std::move(*scenario));
    }
    if (scenarios.empty())
        return fail(ErrorKind::Unsupported, "--scenario takes at least one, like decode-1k.");
    return scenarios;
}

} // namespace lapidary::cli
