#pragma once

#include "backend.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

/// What the tests of the operations share: random numbers from a stated seed, tensors over vectors,
/// weights in all formats, and how a result differs from what double precision says.
namespace lapidary::kernels::test {

using Doubles = std::vector<double>;

/// f32 numbers with the view that operations take.
struct Values {
    std::vector<float> numbers;
    std::vector<std::int64_t> shape;

    [[nodiscard]] Tensor tensor();
    [[nodiscard]] Doubles doubles() const { return {numbers.begin(), numbers.end()}; }
};

struct Indices {
    std::vector<std::int32_t> numbers;
    std::vector<std::int64_t> shape;

    [[nodiscard]] Tensor tensor();
};

/// Numbers of a normal distribution, times `spread`.
[[nodiscard]] Values randomValues(std::mt19937& random, std::vector<std::int64_t> shape,
                                  double spread = 1);

/// Room for a result, filled with NaN, so that what is not written shows.
[[nodiscard]] Values unwritten(std::vector<std::int64_t> shape);

/// A weight and the numbers that it stands for.
struct RandomWeight {
    Weight weight;
    Doubles numbers; ///< [experts, rows, columns]
};

/// Its bytes begin at an odd address, as they may in a mapped file.
[[nodiscard]] RandomWeight randomWeight(Backend& backend, std::mt19937& random, WeightFormat format,
                                        std::int64_t rows, std::int64_t columns,
                                        std::int64_t experts = 1);

/// The same with e4m3 numbers, all codes but NaN, and scales of f32; zero for some rows.
[[nodiscard]] RandomWeight randomFp8(Backend& backend, std::mt19937& random, std::int64_t rows,
                                     std::int64_t columns, std::int64_t experts,
                                     bool quantisedInput);

/// What an e4m3 code stands for (formats.md 2).
[[nodiscard]] double e4m3(std::uint8_t code);

/// The e4m3 codes and scale of a row of bf16 numbers by the words of formats.md 4.4.
struct QuantisedRow {
    std::vector<std::uint8_t> codes;
    double scale = 1;

    [[nodiscard]] double number(std::size_t i) const { return e4m3(codes[i]) * scale; }
};
[[nodiscard]] QuantisedRow quantised(std::span<const float> row);

/// The rows of x, [rows, width], as a product with quantised inputs sees them.
[[nodiscard]] Doubles quantisedInputs(const std::vector<float>& x, std::int64_t width);

/// The nearest bf16 number, ties to even.
[[nodiscard]] float toBf16(float number);

/// Empty when every result is within `tolerance` of `expected`, relative to the largest expected
/// number of its row of `width`; otherwise what differs most.
[[nodiscard]] std::string difference(const std::vector<float>& result, const Doubles& expected,
                                     std::int64_t width, double tolerance);

/// Empty when the two are equal bit for bit; otherwise where they first differ.
[[nodiscard]] std::string bitDifference(const std::vector<float>& a, const std::vector<float>& b);

[[nodiscard]] std::unique_ptr<Backend> openCpu(int threads = 0);

double geluTanh(double u);

/// y = W x for every row of x; `matrix` [rows, columns].
[[nodiscard]] Doubles multiply(const double* matrix, std::int64_t rows, std::int64_t columns,
                               const Doubles& x);

/// x / rms(x) ⊙ weight over rows of `width`; weight may be empty.
[[nodiscard]] Doubles rmsNormed(const Doubles& x, const Doubles& weight, std::int64_t width,
                                double epsilon);

/// Checks that a row has the same bits alone, in every batch of 2 … 16 at every place, and in tiles
/// of 17, 33 and 64 rows. `compute(first, count)` returns the rows [first, first + count) of
/// `width` numbers out of at least 64. Empty when it holds.
[[nodiscard]] std::string
rowInvariance(std::int64_t width,
              const std::function<std::vector<float>(std::int64_t, std::int64_t)>& compute);

} // namespace lapidary::kernels::test
