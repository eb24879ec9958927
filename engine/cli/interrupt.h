#pragma once

#include <stop_token>

namespace lapidary::cli {

/// What Ctrl+C does while it lives: the first asks the running generation to stop, or, while there
/// is none, is noted for `requested`; the second ends the program with exit code 130. At most one
/// at a time.
class Interrupt {
public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    /// The stop of the generation that a Ctrl+C ends; null: none runs. Forgets earlier ones.
    static void setRunning(std::stop_source* stop);

    /// True after a Ctrl+C.
    [[nodiscard]] static bool requested();
};

} // namespace lapidary::cli
