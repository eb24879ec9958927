#pragma once

#include <kernels/error.h>

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string_view>

namespace lapidary::engine {

using Json = nlohmann::json;

/// How much of a hostile text is built before it is refused.
struct JsonLimits {
    std::size_t depth = 32;
    std::size_t values = 1U << 20U; ///< 2^20 values are at most 100 MB of objects
};

/// Reads a JSON text. Unlike the library on its own it refuses keys that occur twice in an object
/// and what exceeds the limits. `file` is what sentences call the text.
/// Corrupt.
[[nodiscard]] Expected<Json> parseJson(std::string_view text, std::string_view file,
                                       const JsonLimits& limits = {});

} // namespace lapidary::engine
