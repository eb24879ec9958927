#pragma once

#include <cstddef>
#include <vector>

namespace lapidary::app {

/// The heights of all rows of a conversation, measured or estimated, and where each row begins.
/// Sums are kept up to the first change: growth at the end costs nothing above it.
class RowHeights {
public:
    void insert(std::size_t row, const std::vector<double>& estimates);
    void remove(std::size_t row, std::size_t count);
    void clear();

    /// A measured height; measured rows stay measured when estimates are renewed.
    void measure(std::size_t row, double height);
    void estimate(std::size_t row, double height);

    /// The width changed: every height is an estimate again.
    void forgetMeasures();

    [[nodiscard]] std::size_t count() const { return heights_.size(); }
    [[nodiscard]] bool isMeasured(std::size_t row) const { return measured_[row]; }
    [[nodiscard]] double height(std::size_t row) const { return heights_[row]; }

    /// Where the row begins; count() asks for the end of the last one.
    [[nodiscard]] double top(std::size_t row) const;
    [[nodiscard]] double total() const { return top(count()); }

    /// The row that covers `y`: the first whose end lies below it, the last one beyond the end.
    [[nodiscard]] std::size_t rowAt(double y) const;

private:
    void sumUpTo(std::size_t row) const;

    std::vector<double> heights_;
    std::vector<bool> measured_;
    mutable std::vector<double> tops_; ///< valid for rows [0, summed_]
    mutable std::size_t summed_ = 0;
};

} // namespace lapidary::app
