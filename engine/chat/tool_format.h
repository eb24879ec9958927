#pragma once

#include "chat/prompt_writer.h"

#include <kernels/error.h>

#include <string>
#include <string_view>

namespace lapidary::engine {

/// Writes a declaration with its tags (gemma4.md 7.4). Corrupt: the schema is no JSON object or is
/// nested too deeply.
[[nodiscard]] Expected<void> writeDeclaration(PromptWriter& writer, const Tool& tool);

/// Writes a call with its tags. Corrupt: the arguments are no JSON object, or nested too deeply.
[[nodiscard]] Expected<void> writeCall(PromptWriter& writer, const ToolCall& call);

/// Writes the result of a call with its tags.
void writeResponse(PromptWriter& writer, std::string_view name, std::string_view result);

/// A number as Python prints it: 3.0, 1e+16, 1e-05, inf.
[[nodiscard]] std::string pythonFloat(double value);

} // namespace lapidary::engine
