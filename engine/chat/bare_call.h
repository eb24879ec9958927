#pragma once

#include "request.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace lapidary::engine {

/// Small and quantised models write calls without their opening tag: "call:NAME{…}" at the
/// beginning of a line. Only names of tools that the request offers count.
enum class BareCall : std::uint8_t { No, Maybe, Yes };

/// Whether a line that begins like this is such a call, or may become one.
[[nodiscard]] BareCall bareCall(std::string_view lineStart, std::span<const Tool> tools);

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
