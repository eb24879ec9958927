#include "row_heights.h"

#include <algorithm>

namespace lapidary::app {

void RowHeights::insert(std::size_t row, const std::vector<double>& estimates) {
    const auto at = static_cast<std::ptrdiff_t>(row);
    heights_.insert(heights_.begin() + at, estimates.begin(), estimates.end());
    measured_.insert(measured_.begin() + at, estimates.size(), false);
    summed_ = std::min(summed_, row);
}

void RowHeights::remove(std::size_t row, std::size_t count) {
    const auto first = static_cast<std::ptrdiff_t>(row);
    const auto last = static_cast<std::ptrdiff_t>(row + count);
    heights_.erase(heights_.begin() + first, heights_.begin() + last);
    measured_.erase(measured_.begin() + first, measured_.begin() + last);
    summed_ = std::min(summed_, row);
}

void RowHeights::clear() {
    heights_.clear();
    measured_.clear();
    summed_ = 0;
}

void RowHeights::measure(std::size_t row, double height) {
    measured_[row] = true;
    if (heights_[row] == height)
        return;
    heights_[row] = height;
    summed_ = std::min(summed_, row);
}

void RowHeights::estimate(std::size_t row, double height) {
    measured_[row] = false;
    heights_[row] = height;
    summed_ = std::min(summed_, row);
}

void RowHeights::forgetMeasures() {
    std::ranges::fill(measured_, false);
}

void RowHeights::sumUpTo(std::size_t row) const {
    tops_.resize(heights_.size() + 1);
    if (summed_ == 0)
        tops_[0] = 0;
    for (; summed_ < row; ++summed_)
        tops_[summed_ + 1] = tops_[summed_] + heights_[summed_];
}

double RowHeights::top(std::size_t row) const {
    sumUpTo(row);
    return tops_[row];
}

std::size_t RowHeights::rowAt(double y) const {
    if (heights_.empty())
        return 0;
    sumUpTo(count());
    const auto end = std::ranges::upper_bound(tops_, y);
    const auto next = static_cast<std::size_t>(end - tops_.begin());
    return std::clamp<std::size_t>(next, 1, count()) - 1;
}

} // namespace lapidary::app
