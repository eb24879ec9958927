#include "chat/bare_call.h"

#include "chat/call_parser.h"

#include <algorithm>

namespace lapidary::engine {

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
