#include "pair.h"

#include "cuda/device_list.h"
#include "quantise.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace lapidary::kernels::test {

namespace {

std::uint16_t toBits(float number) {
    const auto bits = std::bit_cast<std::uint32_t>(number);
    if (std::isnan(number))
        return 0x7FC0;
    return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16U & 1U)) >> 16U);
}

float fromBits(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

Buffer allocated(Backend& backend, std::size_t bytes) {
    auto buffer = backend.allocate(bytes);
    if (!buffer)
        qFatal("%s", buffer.error().sentence.c_str());
    return std::move(*buffer);
}

std::int64_t product(std::initializer_list<std::int64_t> shape) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape)
        count *= size;
    return count;
}

} // namespace

Pair Pair::open() {
    Pair pair;
    for (const DeviceDescription& device : cuda::surveyCards().cards)
        if (auto card = openDevice(device.id)) {
            pair.card = std::move(*card);
            pair.cpu = std::move(*openDevice("cpu"));
            break;
        }
    return pair;
}

Twin Twin::of(Pair& pair, const std::vector<float>& numbers,
              std::initializer_list<std::int64_t> shape) {
    std::vector<std::uint16_t> bits(numbers.size());
    Twin twin;
    twin.host_ = std::make_shared<std::vector<float>>(numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        bits[i] = toBits(numbers[i]);
        (*twin.host_)[i] = fromBits(bits[i]);
    }
    twin.buffer_ = allocated(*pair.card, bits.size() * 2);
    twin.cpu = Tensor(twin.host_->data(), DType::F32, shape);
    twin.card = Tensor(twin.buffer_.memory.get(), DType::BF16, shape);
    pair.card->upload(std::as_bytes(std::span(bits)), twin.card);
    return twin;
}

Twin Twin::random(Pair& pair, std::mt19937& random, std::initializer_list<std::int64_t> shape,
                  float spread) {
    return of(pair, randomNumbers(random, product(shape), spread), shape);
}

Twin Twin::unwritten(Pair& pair, std::initializer_list<std::int64_t> shape) {
    return of(pair,
              std::vector<float>(static_cast<std::size_t>(product(shape)),
                                 std::numeric_limits<float>::quiet_NaN()),
              shape);
}

std::vector<float> Twin::fromCpu() const {
    return *host_;
}

std::vector<float> Twin::fromCard(Backend& backend) const {
    std::vector<std::uint16_t> bits(host_->size());
    backend.download(card, std::as_writable_bytes(std::span(bits)));
    if (const auto done = backend.wait(); !done)
        qFatal("%s", done.error().detail.c_str());
    std::vector<float> numbers(bits.size());
    for (std::size_t i = 0; i < bits.size(); ++i)
        numbers[i] = fromBits(bits[i]);
    return numbers;
}

Table::Table(Pair& pair, std::vector<float> numbers, std::initializer_list<std::int64_t> shape)
    : host_(std::make_shared<std::vector<std::byte>>(numbers.size() * 4))
    , buffer_(allocated(*pair.card, numbers.size() * 4)) {
    std::memcpy(host_->data(), numbers.data(), host_->size());
    cpu = Tensor(host_->data(), DType::F32, shape);
    card = Tensor(buffer_.memory.get(), DType::F32, shape);
    pair.card->upload(*host_, card);
}

Table::Table(Pair& pair, std::vector<std::int32_t> numbers,
             std::initializer_list<std::int64_t> shape)
    : host_(std::make_shared<std::vector<std::byte>>(numbers.size() * 4))
    , buffer_(allocated(*pair.card, numbers.size() * 4)) {
    std::memcpy(host_->data(), numbers.data(), host_->size());
    cpu = Tensor(host_->data(), DType::I32, shape);
    card = Tensor(buffer_.memory.get(), DType::I32, shape);
    pair.card->upload(*host_, card);
}

std::vector<std::int32_t> Table::integersFromCard(Backend& backend) const {
    std::vector<std::int32_t> numbers(host_->size() / 4);
    backend.download(card, std::as_writable_bytes(std::span(numbers)));
    if (const auto done = backend.wait(); !done)
        qFatal("%s", done.error().detail.c_str());
    return numbers;
}

std::vector<float> randomNumbers(std::mt19937& random, std::int64_t count, float spread,
                                 float mean) {
    std::normal_distribution<float> normal(mean, spread);
    std::vector<float> numbers(static_cast<std::size_t>(count));
    for (float& number : numbers)
        number = normal(random);
    return numbers;
}

WeightTwin randomWeight(Pair& pair, std::mt19937& random, std::int64_t rows, std::int64_t columns,
                        std::int64_t experts, WeightFormat as) {
    const auto numbers =
        randomNumbers(random, experts * rows * columns, 1 / std::sqrt(static_cast<float>(columns)));
    auto bits = std::make_shared<std::vector<std::uint16_t>>(numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i)
        (*bits)[i] = toBits(numbers[i]);
    const WeightSource source{.format = WeightFormat::BF16,
                              .experts = experts,
                              .rows = rows,
                              .columns = columns,
                              .data = std::as_bytes(std::span(*bits)),
                              .owner = bits};
    auto cpu = pair.cpu->pack(source, as);
    auto card = pair.card->pack(source, as);
    if (!cpu || !card)
        qFatal("a weight could not be packed: %s (%s)",
               (!cpu ? cpu : card).error().sentence.c_str(),
               (!cpu ? cpu : card).error().detail.c_str());
    return {std::move(*cpu), std::move(*card)};
}

WeightTwin randomCodes(Pair& pair, std::mt19937& random, std::int64_t rows, std::int64_t columns,
                       std::int64_t experts) {
    struct Stack {
        std::vector<std::uint8_t> codes;
        std::vector<float> scales;
    };
    auto stack = std::make_shared<Stack>();
    for (const float number : randomNumbers(random, experts * rows * columns, 20))
        stack->codes.push_back(toE4m3(number));
    const float spread = 0.05F / std::sqrt(static_cast<float>(columns));
    stack->scales = randomNumbers(random, experts * rows, spread / 4, spread);
    for (float& scale : stack->scales)
        scale = std::abs(scale);
    const WeightSource source{.format = WeightFormat::Fp8,
                              .experts = experts,
                              .rows = rows,
                              .columns = columns,
                              .data = std::as_bytes(std::span(stack->codes)),
                              .owner = stack,
                              .scales = stack->scales};
    auto cpu = pair.cpu->pack(source);
    auto card = pair.card->pack(source);
    if (!cpu || !card)
        qFatal("a weight could not be packed: %s (%s)",
               (!cpu ? cpu : card).error().sentence.c_str(),
               (!cpu ? cpu : card).error().detail.c_str());
    return {std::move(*cpu), std::move(*card)};
}

QString difference(const std::vector<float>& card, const std::vector<float>& oracle,
                   std::int64_t width, double tolerance) {
    for (std::size_t row = 0; row * static_cast<std::size_t>(width) < oracle.size(); ++row) {
        const std::size_t begin = row * static_cast<std::size_t>(width);
        double largest = 1e-6;
        for (std::size_t i = begin; i < begin + static_cast<std::size_t>(width); ++i)
            largest = std::max(largest, std::abs(static_cast<double>(oracle[i])));
        for (std::size_t i = begin; i < begin + static_cast<std::size_t>(width); ++i)
            if (!(std::abs(static_cast<double>(card[i]) - static_cast<double>(oracle[i]))
                  <= tolerance * largest))
                return QString::asprintf("row %zu, column %zu: %g on the card, %g on the "
                                         "processor; the row's largest is %g",
                                         row, i - begin, static_cast<double>(card[i]),
                                         static_cast<double>(oracle[i]), largest);
    }
    return {};
}

} // namespace lapidary::kernels::test
