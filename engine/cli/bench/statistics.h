#pragma once

#include <vector>

namespace lapidary::cli {

struct Spread {
    double median = 0;
    double least = 0;
    double most = 0;
};

/// Of at least one value.
[[nodiscard]] Spread spreadOf(std::vector<double> values);

/// The value that 99 of 100 do not exceed; of at least one value.
[[nodiscard]] double percentile99Of(std::vector<double> values);

/// The same divided by the median.
[[nodiscard]] double jitterOf(std::vector<double> values);

} // namespace lapidary::cli
