#pragma once

#include "events.h"

#include <string>
#include <string_view>

namespace lapidary::cli {

/// Shows a generation while it comes. On a terminal the thought is dimmed, control characters of
/// the model are left out, and a line of statistics follows on the error output; anything else gets
/// the bare answer and nothing more.
class ChatOutput {
public:
    ChatOutput();

    void show(const engine::Event& event);

    /// A passing line on the error output, "" to take it away; only on a terminal.
    void status(std::string_view text);

    [[nodiscard]] bool onTerminal() const { return outputIsTerminal_; }

private:
    void writeModelText(std::string_view text) const;
    void dim(bool on);
    void finish(const engine::Finished& finished);

    bool outputIsTerminal_;
    bool errorIsTerminal_;
    bool dimmed_ = false;
    std::string status_; // what stands on the passing line
};

/// "812 prompt tokens (700 reused) in 0.4 s · 96 tokens at 61/s"
[[nodiscard]] std::string statisticsLine(const engine::Statistics& statistics);

/// A text without what could steer a terminal: C0 and C1 control characters but newline and tab.
[[nodiscard]] std::string withoutControls(std::string_view text);

} // namespace lapidary::cli
