#include "gemma4/text/rotation.h"

#include <cmath>
#include <cstddef>

namespace lapidary::engine {

std::vector<float> frequencies(const RotaryConfig& rotary, int headDim) {
    std::vector<float> result(static_cast<std::size_t>(headDim / 2)); // [headDim / 2]
    // In float, as the reference does: rounded another way, a frequency turns the heads of position
    // 10^5 by an angle that differs in the second digit.
    for (int i = 0; i < rotary.turningPairs(headDim); ++i) {
        const float exponent = static_cast<float>(2 * i) / static_cast<float>(headDim);
        result[static_cast<std::size_t>(i)] = 1.0F
                                              / std::pow(static_cast<float>(rotary.theta), exponent)
                                              / static_cast<float>(rotary.factor);
    }
    return result;
}

} // namespace lapidary::engine
