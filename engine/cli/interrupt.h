#pragma once

#include "session.h"

namespace lapidary::cli {

/// What Ctrl+C does while it lives: the first ends the generation of `running`, or, while there is
/// none, is noted for `requested`; the second ends the program with exit code 130. At most one at a
/// time.
class Interrupt {
public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    /// The session whose generation a Ctrl+C ends; null: none runs. Forgets earlier ones.
    static void setRunning(engine::Session* session);

    /// True after a Ctrl+C.
    [[nodiscard]] static bool requested();
};

} // namespace lapidary::cli
