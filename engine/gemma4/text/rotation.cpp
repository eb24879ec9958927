#include "gemma4/text/rotation.h"

#include <cmath>
#include <cstddef>

namespace lapidary::engine {

std::vector<float> frequencies(const Rotation& rotation, std::int64_t headDim) {
    std::vector<float> result(static_cast<std::size_t>(headDim / 2)); // [headDim / 2]
    const auto turning = static_cast<std::size_t>(rotation.turningPart
                                                  * static_cast<double>(headDim) / 2);
    // In float, as the reference does: at position 10^5 a frequency that is rounded another way
    // turns a head by another angle.
    for (std::size_t i = 0; i < turning; ++i) {
        const float exponent = static_cast<float>(2 * i) / static_cast<float>(headDim);
        result[i] = 1.0F / std::pow(static_cast<float>(rotation.theta), exponent)
                    / static_cast<float>(rotation.factor);
    }
    return result;
}

} // namespace lapidary::engine
