#pragma once

#include <engine/events.h>

#include <QString>

namespace lapidary::app {

/// The statistics of a generation as a message stores them, and back.
[[nodiscard]] QString statisticsToJson(const engine::Statistics& statistics,
                                       const QString& error = {});
[[nodiscard]] engine::Statistics statisticsFromJson(const QString& json);
/// The sentence of the error that ended the generation, "" when none did.
[[nodiscard]] QString errorFromJson(const QString& json);

/// "142 tok/s · first token 0.08 s · 4.9 tokens a round · 1,204 tokens"; "" when nothing was
/// generated.
[[nodiscard]] QString statisticsLine(const engine::Statistics& statistics);

/// A number with at most three figures: "0.08", "4.9", "142".
[[nodiscard]] QString shortNumber(double value);
/// A count of tokens with at most three figures: "812", "11.3 k".
[[nodiscard]] QString shortCount(double tokens);
/// "0.4 s", "12 s", "2 min 5 s".
[[nodiscard]] QString shortSeconds(double seconds);

} // namespace lapidary::app
