#pragma once

#include "events.h"
#include "model.h"

#include <kernels/error.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

namespace lapidary::cli {

/// Writes generations as they come out of the engine, for `lapidary --replay FILE`: lines, each one
/// JSON object. The first is the heading, every other is an event at `t` milliseconds since the
/// call of its generation; `prompt`, the text that was asked, stands in the first of each.
///
///     {"recording":1,"model":"Gemma 4 12B","contextTokens":32768,"seesImages":true}
///     {"t":0,"event":"prefill","promptTokens":812,"reusedTokens":0,"doneTokens":0,"prompt":"Is …"}
///     {"t":310,"event":"thought","text":"The user","tokens":2}
///     {"t":900,"event":"thoughtEnded"}
///     {"t":905,"event":"answer","text":"Yes","tokens":1}
///     {"t":906,"event":"round","proposed":4,"accepted":2}
///     {"t":950,"event":"toolCall","id":"1","name":"search","arguments":"{}"}
///     {"t":1200,"event":"finished","reason":"stop","statistics":{"promptTokens":812, …}}
///
/// Reasons are stop, toolCall, length, contextFull, cancelled and failed, the last with
/// "error":{"kind":"doesNotFit","sentence":"…"}; statistics have the names of engine::Statistics.
/// After `finished` the next generation begins.
///   `begin` each generation, then `write` its events, then `close`.
class Recorder {
public:
    /// Denied.
    [[nodiscard]] static Expected<Recorder> create(const std::filesystem::path& path,
                                                   const engine::ModelDescription& model,
                                                   int contextTokens);

    void begin(const std::string& prompt);
    void write(const engine::Event& event);

    /// NoSpace.
    [[nodiscard]] Expected<void> close();

private:
    Recorder() = default;

    std::filesystem::path path_;
    std::ofstream file_;
    std::string prompt_; // of this generation, until its first event is written
    std::chrono::steady_clock::time_point start_;
};

} // namespace lapidary::cli
