#pragma once

#include <kernels/backend.h>

#include <cstdint>
#include <span>

namespace lapidary::engine {

/// Rows that are computed together: row r is position firstPosition + r.
struct Step {
    std::int64_t rows = 0;
    std::int64_t firstPosition = 0;
    std::span<const kernels::Run> runs; ///< images whose tokens see each other; whole runs only

    /// The last `count` rows.
    [[nodiscard]] Step last(std::int64_t count) const {
        return {.rows = count, .firstPosition = firstPosition + rows - count, .runs = runs};
    }
};

} // namespace lapidary::engine
