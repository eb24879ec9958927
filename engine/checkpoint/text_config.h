#pragma once

#include "checkpoint/model_config.h"
#include "json/fields.h"

namespace lapidary::engine {

/// Reads a text_config and applies the rules of the family to every layer (gemma4.md 1.1, 1.4).
/// What is wrong is reported to the fields.
void readTextConfig(Fields& text, ModelConfig& config);

} // namespace lapidary::engine
