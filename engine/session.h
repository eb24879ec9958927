#pragma once

#include "events.h"
#include "request.h"

#include <kernels/error.h>

namespace lapidary::engine {

/// How the context of a session is used, in tokens.
struct ContextUse {
    int limit = 0;  ///< the most the session can hold
    int system = 0; ///< system turn and tools
    int images = 0; ///< soft tokens of all images
    int turns = 0;  ///< everything else
    [[nodiscard]] int used() const { return system + images + turns; }
};

/// One conversation with one model: in this process, on another machine, or replayed from a file.
/// `generate` blocks the calling thread (one at a time, always the same) and calls the sink on it
/// until the reply is complete or the request's stop is asked for.
class Session {
public:
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    virtual ~Session() = default;

    /// Runs one generation and returns what the last event said. After an error the session still
    /// works, unless its kind is DeviceLost.
    virtual Finished generate(const Request& request, const EventSink& sink) = 0;

    /// What the request would take of the context, nothing computed. Same thread as `generate`.
    [[nodiscard]] virtual Expected<ContextUse> measure(const Request& request) = 0;
};

} // namespace lapidary::engine
