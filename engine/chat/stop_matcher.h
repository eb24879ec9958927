#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// Looks for stop strings in a text that comes in parts (Knuth, Morris and Pratt 1977, one
/// automaton a string). Holds back only what may still be the beginning of one.
class StopMatcher {
public:
    /// Strings that are empty or no UTF-8 can never be met and are left out.
    explicit StopMatcher(const std::vector<std::string>& strings);

    /// Takes more text; returns what certainly stands before any stop string.
    [[nodiscard]] std::string add(std::string_view text);

    /// Whether a stop string is complete; then nothing more comes.
    [[nodiscard]] bool matched() const { return matched_; }

    /// What was held back: no stop string after all.
    [[nodiscard]] std::string flush();

private:
    struct Pattern {
        std::string text;
        std::vector<std::size_t> borders; // [i]: longest proper border of the first i + 1 bytes
        std::size_t state = 0;            // bytes of `text` that the text ends with
    };

    std::vector<Pattern> patterns_;
    std::string held_;
    bool matched_ = false;
};

} // namespace lapidary::engine
