#include "cli/selftest/comparison.h"

#include <kernels/quantise.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

namespace lapidary::cli {

using namespace kernels;

namespace {

Tensor shaped(void* memory, DType type, Comparison::Shape shape) {
    Tensor tensor(memory, type, {});
    for (const std::int64_t size : shape)
        tensor.shape.at(static_cast<std::size_t>(tensor.rank++)) = size;
    return tensor;
}

std::int64_t count(Comparison::Shape shape) {
    return shaped(nullptr, DType::F32, shape).elements();
}

std::vector<std::uint16_t> halvesOf(std::span<const float> numbers) {
    std::vector<std::uint16_t> halves(numbers.size());
    std::ranges::transform(numbers, halves.begin(), toBf16Bits);
    return halves;
}

} // namespace

Twin Comparison::random(Shape shape, float spread) {
    return activation(shape, normal(count(shape), spread, 0));
}

Twin Comparison::unwritten(Shape shape) {
    return activation(shape, std::vector<float>(static_cast<std::size_t>(count(shape)),
                                                std::numeric_limits<float>::quiet_NaN()));
}

Twin Comparison::vector(Shape shape, float spread, float mean) {
    return vector(shape, normal(count(shape), spread, mean));
}

Twin Comparison::vector(Shape shape, std::span<const float> numbers) {
    return place(shape, DType::F32, DType::F32, std::as_bytes(numbers), std::as_bytes(numbers));
}

Twin Comparison::integers(Shape shape, std::span<const std::int32_t> numbers) {
    return place(shape, DType::I32, DType::I32, std::as_bytes(numbers), std::as_bytes(numbers));
}

std::vector<std::int32_t> Comparison::randomIntegers(std::int64_t size, int below) {
    std::uniform_int_distribution<std::int32_t> number(0, below - 1);
    std::vector<std::int32_t> numbers(static_cast<std::size_t>(size));
    std::ranges::generate(numbers, [&] { return number(random_); });
    return numbers;
}

WeightTwin Comparison::matrix(std::int64_t rows, std::int64_t columns, std::int64_t experts,
                              WeightFormat as) {
    const WeightSource numbers = source(rows, columns, experts);
    return {.cpu = accept(cpu_.pack(numbers, as)), .device = accept(device_.pack(numbers, as))};
}

WeightTwin Comparison::kept(std::int64_t rows, std::int64_t columns) {
    const WeightSource numbers = source(rows, columns, 1);
    return {.cpu = accept(cpu_.keep(numbers)), .device = accept(device_.keep(numbers))};
}

void Comparison::compare(const Twin& y) {
    if (error_)
        return;
    const std::vector<float> expected = numbersOf(cpu_, y.cpu);
    const std::vector<float> found = numbersOf(device_, y.device);
    const auto width =
        static_cast<std::size_t>(y.cpu.shape.at(static_cast<std::size_t>(y.cpu.rank) - 1));
    for (std::size_t begin = 0; begin < expected.size(); begin += width) {
        double largest = 1e-6;
        double difference = 0;
        for (std::size_t i = begin; i < begin + width; ++i) {
            largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
            const double apart = std::abs(static_cast<double>(found[i]) - expected[i]);
            difference = std::isnan(apart) ? std::numeric_limits<double>::infinity()
                                           : std::max(difference, apart);
        }
        difference_ = std::max(difference_, difference / largest);
    }
}

Expected<double> Comparison::largestDifference() const {
    if (error_)
        return std::unexpected(*error_);
    return difference_;
}

Twin Comparison::place(Shape shape, DType cpuType, DType deviceType,
                       std::span<const std::byte> forCpu, std::span<const std::byte> forDevice) {
    const auto on = [&](Backend& backend, DType type, std::span<const std::byte> bytes) -> Tensor {
        Buffer buffer = accept(backend.allocate(bytes.size()));
        const Tensor tensor = shaped(buffer.memory.get(), type, shape);
        if (!error_)
            backend.upload(bytes, tensor);
        memory_.push_back(std::move(buffer));
        return tensor;
    };
    return {.cpu = on(cpu_, cpuType, forCpu), .device = on(device_, deviceType, forDevice)};
}

Twin Comparison::activation(Shape shape, std::vector<float> numbers) {
    const std::vector<std::uint16_t> halves = halvesOf(numbers);
    std::ranges::transform(halves, numbers.begin(), fromBf16Bits);
    const auto singles = std::as_bytes(std::span(numbers));
    const bool inBf16 = device_.activationType() == DType::BF16;
    return place(shape, DType::F32, device_.activationType(), singles,
                 inBf16 ? std::as_bytes(std::span(halves)) : singles);
}

std::vector<float> Comparison::normal(std::int64_t size, float spread, float mean) {
    std::normal_distribution<float> number(mean, spread);
    std::vector<float> numbers(static_cast<std::size_t>(size));
    std::ranges::generate(numbers, [&] { return number(random_); });
    return numbers;
}

WeightSource Comparison::source(std::int64_t rows, std::int64_t columns, std::int64_t experts) {
    const float spread = 1 / std::sqrt(static_cast<float>(columns));
    auto halves = std::make_shared<std::vector<std::uint16_t>>(
        halvesOf(normal(experts * rows * columns, spread, 0)));
    return {.format = WeightFormat::BF16,
            .experts = experts,
            .rows = rows,
            .columns = columns,
            .data = std::as_bytes(std::span(*halves)),
            .owner = halves};
}

std::vector<float> Comparison::numbersOf(Backend& backend, const Tensor& tensor) {
    std::vector<std::byte> bytes(tensor.bytes());
    backend.download(tensor, bytes);
    if (auto done = backend.wait(); !done)
        error_ = done.error();
    std::vector<float> numbers(static_cast<std::size_t>(tensor.elements()));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const std::byte* const at = bytes.data() + i * sizeOf(tensor.dtype);
        if (tensor.dtype == DType::BF16) {
            std::uint16_t half = 0;
            std::memcpy(&half, at, sizeof half);
            numbers[i] = fromBf16Bits(half);
        } else if (tensor.dtype == DType::I32) {
            std::int32_t integer = 0;
            std::memcpy(&integer, at, sizeof integer);
            numbers[i] = static_cast<float>(integer);
        } else {
            std::memcpy(&numbers[i], at, sizeof numbers[i]);
        }
    }
    return numbers;
}

template <class T>
T Comparison::accept(Expected<T> result) {
    if (result)
        return std::move(*result);
    if (!error_)
        error_ = std::move(result.error());
    return {};
}

} // namespace lapidary::cli
