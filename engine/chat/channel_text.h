#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lapidary::engine {

/// The text of a thought or an answer on its way out: without white space at its ends, and with a
/// blank line between two stretches. White space is held back until something follows it, so that
/// nothing is ever taken back.
class ChannelText {
public:
    /// What comes next begins a stretch: leading white space is dropped.
    void begin() { fresh_ = true; }

    /// What comes next goes on in the middle of a text that was written earlier.
    void resume() { any_ = true; }

    /// Takes more text; returns what comes out.
    [[nodiscard]] std::string add(std::string_view text);

    /// Forgets the white space that is held back: the stretch has ended.
    void dropHeld() { held_.clear(); }

    /// Hands it out instead: the text was cut off here.
    [[nodiscard]] std::string takeHeld();

    [[nodiscard]] bool isFresh() const { return fresh_; }
    [[nodiscard]] bool hasText() const { return any_; }

private:
    std::string held_;
    bool fresh_ = false;
    bool any_ = false;
};

} // namespace lapidary::engine
