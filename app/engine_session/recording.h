#pragma once

#include <engine/events.h>

#include <QString>

#include <vector>

namespace lapidary::app {

/// Generations as they came out of an engine once, to be played again: `lapidary-cli chat --record`
/// writes them, `lapidary --replay` plays them, tests make them.
///
/// A recording is a text of lines, each one JSON object; empty lines are skipped. The first may be
/// the heading, every other is an event at `t` milliseconds since its generation began, not
/// falling:
///
///     {"recording":1, "model":"Gemma 4 12B", "contextTokens":32768, "seesImages":true}
///     {"t":0,    "event":"prefill",  "promptTokens":812, "reusedTokens":0, "doneTokens":512}
///     {"t":310,  "event":"thought",  "text":"The user", "tokens":2}
///     {"t":900,  "event":"thoughtEnded"}
///     {"t":905,  "event":"answer",   "text":"Yes", "tokens":1}
///     {"t":906,  "event":"round",    "proposed":4, "accepted":2}
///     {"t":950,  "event":"toolCall", "id":"1", "name":"search", "arguments":"{}"}
///     {"t":1200, "event":"finished", "reason":"stop", "statistics":{"promptTokens":812, …}}
///
/// Reasons are stop, toolCall, length, contextFull, cancelled and failed, the last with
/// "error":{"kind":"doesNotFit", "sentence":"…"}. Statistics have the names of engine::Statistics;
/// without them they are counted from the events. After `finished` the next generation begins, and
/// its `t` starts at 0 again.
struct Recording {
    struct TimedEvent {
        double ms = 0;
        engine::Event event;
    };
    using Turn = std::vector<TimedEvent>; ///< the last one is Finished, and only that

    QString model;
    int contextTokens = 0;
    bool seesImages = false;
    std::vector<Turn> turns; ///< at least one
};

/// Reads a recording. NotFound, Corrupt (names the line).
[[nodiscard]] Expected<Recording> readRecording(const QString& file);
[[nodiscard]] Expected<Recording> parseRecording(const QByteArray& lines);

} // namespace lapidary::app
