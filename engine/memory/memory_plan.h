#pragma once

#include "../recipe.h"

#include <kernels/device.h>
#include <kernels/error.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace lapidary::engine {

/// The parts of memory, in the order in which every bar shows them.
enum class MemoryPart : std::uint8_t { Weights, Drafter, Cache, Activations, Workspace };
inline constexpr std::size_t kMemoryParts = 5;

/// What a model will take with a recipe on a device, computed from the configuration and the
/// headers of the files alone, before anything is allocated.
struct MemoryPlan {
    std::array<std::size_t, kMemoryParts> bytes = {}; ///< by MemoryPart
    std::size_t availableBytes = 0;                   ///< free on the device when the plan was made
    int contextTokens = 0;                            ///< that the cache part is for

    /// The longest context of this model and cache format that would fit; 0 when none does.
    int fittingContextTokens = 0;

    [[nodiscard]] std::size_t operator[](MemoryPart part) const {
        return bytes[static_cast<std::size_t>(part)];
    }
    [[nodiscard]] std::size_t total() const {
        std::size_t sum = 0;
        for (const std::size_t part : bytes)
            sum += part;
        return sum;
    }
    [[nodiscard]] bool fits() const { return total() <= availableBytes; }
};

} // namespace lapidary::engine
