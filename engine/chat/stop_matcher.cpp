#include "chat/stop_matcher.h"

#include "tokenizer/utf8.h"

#include <algorithm>
#include <utility>

namespace lapidary::engine {

StopMatcher::StopMatcher(const std::vector<std::string>& strings) {
    for (const std::string& text : strings) {
        if (text.empty() || !isUtf8(text))
            continue;
        std::vector<std::size_t> borders(text.size());
        for (std::size_t i = 1, border = 0; i < text.size(); ++i) {
            while (border > 0 && text[i] != text[border])
                border = borders[border - 1];
            if (text[i] == text[border])
                ++border;
            borders[i] = border;
        }
        patterns_.push_back({.text = text, .borders = std::move(borders)});
    }
}

std::string StopMatcher::add(std::string_view text) {
    if (matched_)
        return {};
    for (const char c : text) {
        held_ += c;
        std::size_t longest = 0;
        for (Pattern& pattern : patterns_) {
            while (pattern.state > 0 && c != pattern.text[pattern.state])
                pattern.state = pattern.borders[pattern.state - 1];
            if (c == pattern.text[pattern.state])
                ++pattern.state;
            if (pattern.state == pattern.text.size())
                longest = std::max(longest, pattern.state);
        }
        if (longest > 0) {
            matched_ = true;
            held_.resize(held_.size() - longest);
            return std::exchange(held_, {});
        }
    }
    std::size_t kept = 0;
    for (const Pattern& pattern : patterns_)
        kept = std::max(kept, pattern.state);
    std::string certain = held_.substr(0, held_.size() - kept);
    held_.erase(0, certain.size());
    return certain;
}

std::string StopMatcher::flush() {
    for (Pattern& pattern : patterns_)
        pattern.state = 0;
    return std::exchange(held_, {});
}

} // namespace lapidary::engine
