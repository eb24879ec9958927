#include "chat/channel_text.h"

#include "chat/whitespace.h"

#include <utility>

namespace lapidary::engine {

std::string ChannelText::add(std::string_view text) {
    std::string out;
    if (fresh_) {
        text = trimLeft(text);
        if (text.empty())
            return out;
        fresh_ = false;
        if (any_)
            out = "\n\n";
    }
    const std::string_view solid = trimRight(text);
    if (!solid.empty()) {
        out += std::exchange(held_, {});
        out += solid;
        any_ = true;
    }
    held_ += text.substr(solid.size());
    return out;
}

std::string ChannelText::takeHeld() {
    return std::exchange(held_, {});
}

} // namespace lapidary::engine
