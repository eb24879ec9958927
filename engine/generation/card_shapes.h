#pragma once

#include "checkpoint/model_config.h"

namespace lapidary::engine {

/// Unsupported, with the remedy, when the model has shapes that the kernels of graphics cards are
/// not written for. Every published model's are; the processor computes any.
[[nodiscard]] Expected<void> checkCardShapes(const ModelConfig& config);

} // namespace lapidary::engine
