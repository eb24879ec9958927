#pragma once

#include <kernels/backend.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <random>
#include <span>
#include <vector>

namespace lapidary::cli {

/// The same numbers on the processor, which is the oracle, and on the device under test.
struct Twin {
    kernels::Tensor cpu;
    kernels::Tensor device;
};
struct WeightTwin {
    kernels::Weight cpu;
    kernels::Weight device;
};

/// One operation on both: makes its inputs, lets it happen, and compares what comes out. The first
/// problem stays, and nothing happens after it.
class Comparison {
public:
    Comparison(kernels::Backend& cpu, kernels::Backend& device) : cpu_(cpu), device_(device) {}

    using Shape = std::initializer_list<std::int64_t>;

    /// Activations: normal numbers that bf16 holds exactly.
    [[nodiscard]] Twin random(Shape shape, float spread = 1);
    /// Activations that are NaN, so that what is not written shows.
    [[nodiscard]] Twin unwritten(Shape shape);
    /// Small vectors and tables, f32.
    [[nodiscard]] Twin vector(Shape shape, float spread, float mean = 0);
    [[nodiscard]] Twin vector(Shape shape, std::span<const float> numbers);
    [[nodiscard]] Twin integers(Shape shape, std::span<const std::int32_t> numbers);
    [[nodiscard]] std::vector<std::int32_t> randomIntegers(std::int64_t size, int below);
    [[nodiscard]] WeightTwin matrix(std::int64_t rows, std::int64_t columns,
                                    std::int64_t experts = 1,
                                    kernels::WeightFormat as = kernels::WeightFormat::BF16);
    /// A table that stays on the host (Backend::keep).
    [[nodiscard]] WeightTwin kept(std::int64_t rows, std::int64_t columns);

    /// run(backend, side), where side(twin) is what of a twin the backend has.
    template <class Run>
    void both(const Run& run) {
        if (error_)
            return;
        run(cpu_, [](const auto& twin) -> const auto& { return twin.cpu; });
        run(device_, [](const auto& twin) -> const auto& { return twin.device; });
    }

    /// Differences count as parts of the largest number of their row, the last dimension.
    void compare(const Twin& y);

    /// Of all that was compared. Errors of the devices.
    [[nodiscard]] Expected<double> largestDifference() const;

private:
    [[nodiscard]] Twin place(Shape shape, kernels::DType cpuType, kernels::DType deviceType,
                             std::span<const std::byte> forCpu,
                             std::span<const std::byte> forDevice);
    [[nodiscard]] Twin activation(Shape shape, std::vector<float> numbers);
    [[nodiscard]] std::vector<float> normal(std::int64_t size, float spread, float mean);
    [[nodiscard]] kernels::WeightSource source(std::int64_t rows, std::int64_t columns,
                                               std::int64_t experts);
    [[nodiscard]] std::vector<float> numbersOf(kernels::Backend& backend,
                                               const kernels::Tensor& tensor);
    template <class T>
    T accept(Expected<T> result);

    kernels::Backend& cpu_;
    kernels::Backend& device_;
    std::mt19937 random_{20262};
    std::vector<kernels::Buffer> memory_;
    double difference_ = 0;
    std::optional<Error> error_;
};

} // namespace lapidary::cli
