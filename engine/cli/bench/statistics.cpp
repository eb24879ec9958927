#include "cli/bench/statistics.h"

#include <algorithm>
#include <cstddef>

namespace lapidary::cli {

namespace {

/// The middle one, or the mean of the two in the middle.
double medianOfSorted(const std::vector<double>& values) {
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

} // namespace

Spread spreadOf(std::vector<double> values) {
    std::ranges::sort(values);
    return {.median = medianOfSorted(values), .least = values.front(), .most = values.back()};
}

double percentile99Of(std::vector<double> values) {
    std::ranges::sort(values);
    const std::size_t rank = (values.size() * 99 + 99) / 100;
    return values[rank - 1];
}

double jitterOf(std::vector<double> values) {
    std::ranges::sort(values);
    return percentile99Of(values) / medianOfSorted(values);
}

} // namespace lapidary::cli
