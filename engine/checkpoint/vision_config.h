#pragma once

#include "checkpoint/model_config.h"
#include "json/fields.h"

namespace lapidary::engine {

/// Reads the vision_config of the tower (`gemma4_vision`; gemma4.md 1.3).
[[nodiscard]] VisionTowerConfig readVisionTower(Fields& vision);

/// Reads the vision_config of the encoder-free embedder (`gemma4_unified_vision`; gemma4.md 1.3).
[[nodiscard]] ImageEmbedderConfig readImageEmbedder(Fields& vision);

} // namespace lapidary::engine
