#pragma once

#include "checkpoint/model_config.h"

#include <vector>

namespace lapidary::engine {

/// One frequency a pair, [headDim / 2]: f_i = theta^(−2i / headDim) / factor for the pairs that
/// turn, then zeros. The exponent's denominator is the whole headDim, whatever part turns.
///   gemma4.md, section 2.2.
[[nodiscard]] std::vector<float> frequencies(const RotaryConfig& rotary, int headDim);

} // namespace lapidary::engine
