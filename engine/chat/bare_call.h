#pragma once

#include "request.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// Small and quantised models write calls without their opening tag: "call:NAME{…}" at the
/// beginning of a line. Only names of tools that the request offers count.
///
/// Lets the text of an answer through but for what may be the beginning of such a bare call. `add`,
/// then `next` until it returns nothing. Without tools everything passes.
class BareCallFilter {
public:
    explicit BareCallFilter(const std::vector<Tool>& tools) : tools_(tools) {}

    /// Whether the next character begins a line.
    void setLineStart(bool lineStart) { lineStart_ = lineStart; }

    void add(std::string_view text) { line_ += text; }

    struct Part {
        std::string text;
        bool isCall = false; ///< the beginning of a call, all that came of it
    };
    [[nodiscard]] std::optional<Part> next();

    /// What was held back: no call after all.
    [[nodiscard]] std::string flush();

private:
    const std::vector<Tool>& tools_;
    std::string line_; // not told yet; may begin a call where lineStart_
    bool lineStart_ = true;
};

/// Watches the text of a bare call for its last closing brace; braces in strings do not count.
class BraceCounter {
public:
    /// Reads more; the position after the closing brace, or npos if it has not come.
    [[nodiscard]] std::size_t closesAt(std::string_view text);

private:
    int open_ = 0;
    bool marked_ = false; // between two quote marks
};

} // namespace lapidary::engine
