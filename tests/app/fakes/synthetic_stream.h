#pragma once

#include "engine_session/recording.h"

namespace lapidary::app {

/// A thought and an answer of mixed Markdown (prose, lists, code, tables, mathematics, text of
/// several scripts), the same for the same arguments: pieces of about four characters, one token
/// each, at an even rate.
[[nodiscard]] Recording::Turn syntheticTurn(int characters, double tokensPerSecond);

/// The same as a recording of one turn that claims a context of 32 k.
[[nodiscard]] Recording syntheticRecording(int characters, double tokensPerSecond);

/// All text of one kind in a turn.
[[nodiscard]] std::string thoughtOf(const Recording::Turn& turn);
[[nodiscard]] std::string answerOf(const Recording::Turn& turn);

/// The lines that readRecording reads.
[[nodiscard]] QByteArray linesOf(const Recording& recording);

} // namespace lapidary::app
