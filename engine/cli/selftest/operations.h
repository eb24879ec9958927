#pragma once

#include "cli/selftest/comparison.h"

#include <span>
#include <string_view>

namespace lapidary::cli {

/// An operation of the vocabulary (kernels/backend.h) on a few shapes, those of the models among
/// them.
struct Operation {
    std::string_view name;
    /// bf16 rounds to 2⁻⁹, and results are sums of many roundings of that size; after an e4m3 that
    /// another rounding made its neighbour, a sixteenth away, they differ more.
    double tolerance;
    void (*run)(Comparison& comparison);
};

[[nodiscard]] std::span<const Operation> operations();

} // namespace lapidary::cli
