#pragma once

#include "engine_queries.h"

#include "engine_session/recording.h"

namespace lapidary::app {

/// The library of `--replay`: one model, the recording, with one recipe on one device.
[[nodiscard]] EngineQueries replayQueries(const Recording& recording, double speed);

} // namespace lapidary::app
