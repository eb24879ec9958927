#include "chat/bare_call.h"

#include "chat/call_parser.h"
#include "chat/whitespace.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

namespace lapidary::engine {

namespace {

enum class BareCall : std::uint8_t { No, Maybe, Yes };

/// Whether a line that begins like this is a bare call, or may become one.
BareCall bareCall(std::string_view lineStart, std::span<const Tool> tools) {
    constexpr std::string_view kOpening = "call:";
    if (lineStart.size() <= kOpening.size())
        return !tools.empty() && kOpening.starts_with(lineStart) ? BareCall::Maybe : BareCall::No;
    if (!lineStart.starts_with(kOpening))
        return BareCall::No;
    const std::string_view name = lineStart.substr(kOpening.size());
    for (const Tool& tool : tools) {
        if (name.starts_with(tool.name) && name.substr(tool.name.size()).starts_with('{'))
            return BareCall::Yes;
    }
    const bool mayBe =
        std::ranges::any_of(tools, [&](const Tool& tool) { return tool.name.starts_with(name); });
    return mayBe ? BareCall::Maybe : BareCall::No;
}

} // namespace

std::optional<BareCallFilter::Part> BareCallFilter::next() {
    if (line_.empty())
        return std::nullopt;
    if (tools_.empty())
        return Part{flush()};
    if (lineStart_) {
        const std::string_view start = trimLeft(line_);
        if (start.empty())
            return Part{flush()};
        switch (bareCall(start, tools_)) {
        case BareCall::Maybe:
            return std::nullopt;
        case BareCall::Yes: {
            Part call{.text = std::string(start), .isCall = true};
            line_.clear();
            return call;
        }
        case BareCall::No:
            break;
        }
    }
    const std::size_t newline = line_.find('\n');
    lineStart_ = newline != std::string::npos;
    Part part{line_.substr(0, lineStart_ ? newline + 1 : line_.size())};
    line_.erase(0, part.text.size());
    return part;
}

std::string BareCallFilter::flush() {
    return std::exchange(line_, {});
}

std::size_t BraceCounter::closesAt(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == kQuoteMark)
            marked_ = !marked_;
        else if (!marked_ && text[i] == '{')
            ++open_;
        else if (!marked_ && text[i] == '}' && --open_ == 0)
            return i + 1;
    }
    return std::string_view::npos;
}

} // namespace lapidary::engine
