#pragma once

#include "backend.h"

#include <QString>

#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <vector>

/// What the tests of the card share: the same numbers on the processor, which is the oracle, and on
/// the card, which keeps activations in bf16.
namespace lapidary::kernels::test {

/// A processor and a card side by side.
struct Pair {
    std::unique_ptr<Backend> cpu;
    std::unique_ptr<Backend> card;

    /// Both null when this machine has no card.
    static Pair open();
    [[nodiscard]] bool here() const { return card != nullptr; }
};

/// An activation on both: numbers that bf16 holds exactly.
class Twin {
public:
    /// Normal numbers times `spread`, from a seed.
    static Twin random(Pair& pair, std::mt19937& random, std::initializer_list<std::int64_t> shape,
                       float spread = 1);
    /// These, rounded to bf16.
    static Twin of(Pair& pair, const std::vector<float>& numbers,
                   std::initializer_list<std::int64_t> shape);
    /// NaN everywhere, so that what is not written shows.
    static Twin unwritten(Pair& pair, std::initializer_list<std::int64_t> shape);

    Tensor cpu;
    Tensor card;

    [[nodiscard]] std::vector<float> fromCpu() const;
    [[nodiscard]] std::vector<float> fromCard(Backend& backend) const;

private:
    std::shared_ptr<std::vector<float>> host_;
    Buffer buffer_;
};

/// f32 or i32 numbers on both.
class Table {
public:
    Table(Pair& pair, std::vector<float> numbers, std::initializer_list<std::int64_t> shape);
    Table(Pair& pair, std::vector<std::int32_t> numbers, std::initializer_list<std::int64_t> shape);

    Tensor cpu;
    Tensor card;

    [[nodiscard]] std::vector<std::int32_t> integersFromCard(Backend& backend) const;

private:
    std::shared_ptr<std::vector<std::byte>> host_;
    Buffer buffer_;
};

[[nodiscard]] std::vector<float> randomNumbers(std::mt19937& random, std::int64_t count,
                                               float spread = 1, float mean = 0);

struct WeightTwin {
    Weight cpu;
    Weight card;
};
[[nodiscard]] WeightTwin randomWeight(Pair& pair, std::mt19937& random, std::int64_t rows,
                                      std::int64_t columns, std::int64_t experts = 1,
                                      WeightFormat as = WeightFormat::BF16);

/// e4m3 that meets inputs as they are.
[[nodiscard]] WeightTwin randomCodes(Pair& pair, std::mt19937& random, std::int64_t rows,
                                     std::int64_t columns, std::int64_t experts = 1);

/// Empty when the card agrees: every number within `tolerance` of the largest of its row.
[[nodiscard]] QString difference(const std::vector<float>& card, const std::vector<float>& oracle,
                                 std::int64_t width, double tolerance);

/// bf16 rounds to 2⁻⁹; results are sums of many roundings of that size.
inline constexpr double kTolerance = 0.012;

} // namespace lapidary::kernels::test
