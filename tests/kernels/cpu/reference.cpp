#include "reference.h"

#include "cpu/cpu_backend.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <format>
#include <iterator>
#include <limits>

namespace lapidary::kernels::test {

namespace {

Tensor view(void* data, DType type, const std::vector<std::int64_t>& shape) {
    Tensor tensor(data, type, {});
    for (const std::int64_t dimension : shape)
        tensor.shape[static_cast<std::size_t>(tensor.rank++)] = dimension;
    return tensor;
}

std::size_t elements(const std::vector<std::int64_t>& shape) {
    std::int64_t count = 1;
    for (const std::int64_t dimension : shape)
        count *= dimension;
    return static_cast<std::size_t>(count);
}

} // namespace

Tensor Values::tensor() {
    return view(numbers.data(), DType::F32, shape);
}

Tensor Indices::tensor() {
    return view(numbers.data(), DType::I32, shape);
}

Values randomValues(std::mt19937& random, std::vector<std::int64_t> shape, double spread) {
    std::normal_distribution<double> normal(0, spread);
    Values values{.numbers = std::vector<float>(elements(shape)), .shape = std::move(shape)};
    for (float& number : values.numbers)
        number = static_cast<float>(normal(random));
    return values;
}

Values unwritten(std::vector<std::int64_t> shape) {
    return {.numbers = std::vector<float>(elements(shape), std::numeric_limits<float>::quiet_NaN()),
            .shape = std::move(shape)};
}

RandomWeight randomWeight(Backend& backend, std::mt19937& random, WeightFormat format,
                          std::int64_t rows, std::int64_t columns, std::int64_t experts) {
    if (format == WeightFormat::Fp8)
        return randomFp8(backend, random, rows, columns, experts, false);
    const Values values =
        randomValues(random, {experts, rows, columns}, 1 / std::sqrt(static_cast<double>(columns)));
    const std::size_t size = format == WeightFormat::BF16 ? 2 : 4;
    auto bytes = std::make_shared<std::vector<std::byte>>(values.numbers.size() * size + 1);
    RandomWeight result;
    result.numbers.reserve(values.numbers.size());
    std::byte* to = bytes->data() + 1;
    for (const float number : values.numbers) {
        const float stored = format == WeightFormat::BF16 ? toBf16(number) : number;
        const auto bits = std::bit_cast<std::array<std::byte, 4>>(stored);
        std::memcpy(to, bits.data() + (4 - size), size);
        to += size;
        result.numbers.push_back(static_cast<double>(stored));
    }
    result.weight = *backend.pack({.format = format,
                                   .experts = experts,
                                   .rows = rows,
                                   .columns = columns,
                                   .data = std::span<const std::byte>(*bytes).subspan(1),
                                   .owner = bytes});
    return result;
}

RandomWeight randomFp8(Backend& backend, std::mt19937& random, std::int64_t rows,
                       std::int64_t columns, std::int64_t experts, bool quantisedInput) {
    struct Memory {
        std::vector<std::byte> bytes;
        std::vector<float> scales;
    };
    const auto memory = std::make_shared<Memory>();
    RandomWeight result;
    memory->bytes.push_back(std::byte{}); // an odd address
    for (std::int64_t row = 0; row < experts * rows; ++row) {
        // Codes are spread evenly over their exponents, so most of a sum comes from the largest.
        const double spread =
            static_cast<double>(1 + random() % 7) / (400 * std::sqrt(static_cast<double>(columns)));
        const auto scale = static_cast<float>(row % 13 == 5 ? 0 : spread);
        memory->scales.push_back(scale);
        for (std::int64_t i = 0; i < columns; ++i) {
            auto code = static_cast<std::uint8_t>(random());
            if ((code & 0x7FU) == 0x7FU)
                code = 0x7E;
            memory->bytes.push_back(std::byte{code});
            result.numbers.push_back(e4m3(code) * static_cast<double>(scale));
        }
    }
    result.weight = *backend.pack({.format = WeightFormat::Fp8,
                                   .experts = experts,
                                   .rows = rows,
                                   .columns = columns,
                                   .data = std::span<const std::byte>(memory->bytes).subspan(1),
                                   .owner = memory,
                                   .scales = memory->scales,
                                   .quantisedInput = quantisedInput});
    return result;
}

double e4m3(std::uint8_t code) {
    const int exponent = (code >> 3) & 15;
    const int mantissa = code & 7;
    const double magnitude =
        exponent == 0 ? std::ldexp(mantissa, -9) : std::ldexp(1 + mantissa / 8.0, exponent - 7);
    return code < 128 ? magnitude : -magnitude;
}

QuantisedRow quantised(std::span<const float> row) {
    float largest = 0;
    for (const float x : row)
        largest = std::max(largest, std::abs(toBf16(x)));
    QuantisedRow result{.codes = std::vector<std::uint8_t>(row.size())};
    float scale = toBf16(largest / 448);
    if (scale == 0)
        scale = 1;
    result.scale = static_cast<double>(scale);
    for (std::size_t i = 0; i < row.size(); ++i) {
        const auto x = static_cast<double>(toBf16(row[i]) / scale);
        // The nearest of all codes; of two as near, the one with an even mantissa.
        int best = 0;
        for (int code = 1; code < 127; ++code) {
            const double distance = std::abs(e4m3(static_cast<std::uint8_t>(code)) - std::abs(x));
            const double least = std::abs(e4m3(static_cast<std::uint8_t>(best)) - std::abs(x));
            if (distance < least || (distance == least && code % 2 == 0))
                best = code;
        }
        result.codes[i] = static_cast<std::uint8_t>(best + (std::signbit(x) ? 128 : 0));
    }
    return result;
}

Doubles quantisedInputs(const std::vector<float>& x, std::int64_t width) {
    Doubles numbers;
    for (std::size_t begin = 0; begin < x.size(); begin += static_cast<std::size_t>(width)) {
        const QuantisedRow row =
            quantised(std::span(x).subspan(begin, static_cast<std::size_t>(width)));
        for (std::size_t i = 0; i < row.codes.size(); ++i)
            numbers.push_back(row.number(i));
    }
    return numbers;
}

float toBf16(float number) {
    // By arithmetic: the spacing of bf16 numbers of this size divides what is kept.
    if (number == 0 || !std::isfinite(number))
        return number;
    int exponent = 0;
    std::frexp(static_cast<double>(number), &exponent);
    const double spacing = std::ldexp(1.0, std::max(exponent - 8, -133));
    return static_cast<float>(std::nearbyint(static_cast<double>(number) / spacing) * spacing);
}

std::string difference(const std::vector<float>& result, const Doubles& expected,
                       std::int64_t width, double tolerance) {
    if (result.size() != expected.size())
        return std::format("{} numbers instead of {}", result.size(), expected.size());
    const auto rowSize = static_cast<std::size_t>(width);
    double worst = -1;
    std::string where;
    for (std::size_t begin = 0; begin < result.size(); begin += rowSize) {
        double largest = 0;
        for (std::size_t i = begin; i < begin + rowSize; ++i)
            largest = std::max(largest, std::abs(expected[i]));
        for (std::size_t i = begin; i < begin + rowSize; ++i) {
            const double error =
                std::abs(static_cast<double>(result[i]) - expected[i]) / std::max(largest, 1e-30);
            if (error <= tolerance || error <= worst)
                continue;
            worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
            where =
                std::format("row {}, column {}: {} instead of {}, an error of {:.2g} over {:.2g}",
                            begin / rowSize, i - begin, result[i], expected[i], worst, tolerance);
        }
    }
    return where;
}

std::string bitDifference(const std::vector<float>& a, const std::vector<float>& b) {
    if (a.size() != b.size())
        return std::format("{} numbers and {}", a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i)
        if (std::memcmp(&a[i], &b[i], sizeof(float)) != 0)
            return std::format("number {}: {:a} and {:a}", i, a[i], b[i]);
    return {};
}

std::unique_ptr<Backend> openCpu(int threads) {
    return std::make_unique<CpuBackend>(threads);
}

double geluTanh(double u) {
    const double pi = 3.14159265358979323846;
    return 0.5 * u * (1 + std::tanh(std::sqrt(2 / pi) * (u + 0.044715 * u * u * u)));
}

Doubles multiply(const double* matrix, std::int64_t rows, std::int64_t columns, const Doubles& x) {
    const std::int64_t count = std::ssize(x) / columns;
    Doubles y;
    y.reserve(static_cast<std::size_t>(count * rows));
    for (std::int64_t r = 0; r < count; ++r)
        for (std::int64_t c = 0; c < rows; ++c) {
            double sum = 0;
            for (std::int64_t k = 0; k < columns; ++k)
                sum += matrix[c * columns + k] * x[static_cast<std::size_t>(r * columns + k)];
            y.push_back(sum);
        }
    return y;
}

Doubles rmsNormed(const Doubles& x, const Doubles& weight, std::int64_t width, double epsilon) {
    Doubles y = x;
    const auto rowSize = static_cast<std::size_t>(width);
    for (std::size_t begin = 0; begin < x.size(); begin += rowSize) {
        double squares = 0;
        for (std::size_t i = 0; i < rowSize; ++i)
            squares += x[begin + i] * x[begin + i];
        const double rms = std::sqrt(squares / static_cast<double>(width) + epsilon);
        for (std::size_t i = 0; i < rowSize; ++i)
            y[begin + i] = x[begin + i] / rms * (weight.empty() ? 1 : weight[i]);
    }
    return y;
}

std::string
rowInvariance(std::int64_t width,
              const std::function<std::vector<float>(std::int64_t, std::int64_t)>& compute) {
    std::vector<float> alone;
    for (std::int64_t r = 0; r < 64; ++r)
        std::ranges::copy(compute(r, 1), std::back_inserter(alone));
    const auto check = [&](std::int64_t first, std::int64_t count) -> std::string {
        const auto begin = alone.begin() + first * width;
        const std::string differs =
            bitDifference(compute(first, count), {begin, begin + count * width});
        return differs.empty() ? differs
                               : std::format("{} rows from {} on: {}", count, first, differs);
    };
    // A row at every place of a batch: batches of `count` that begin at each row before it.
    for (std::int64_t count = 2; count <= 16; ++count)
        for (std::int64_t first = 0; first < count; ++first)
            if (std::string differs = check(16 + first - count, count); !differs.empty())
                return differs;
    for (const std::int64_t count : {17, 33, 64})
        if (std::string differs = check(0, count); !differs.empty())
            return differs;
    return {};
}

} // namespace lapidary::kernels::test
