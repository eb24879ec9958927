#include "cli/bench/roofline.h"

#include <kernels/backend.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace lapidary::cli {

using namespace kernels;

namespace {

constexpr int kRounds = 5;

/// Multiply-adds a second, each counted twice, of size × size × size.
Expected<double> productRate(Backend& backend, std::int64_t size, WeightFormat format) {
    // Numbers near 0.01 that differ, in BF16.
    std::vector<std::uint16_t> numbers(static_cast<std::size_t>(size * size));
    for (std::size_t i = 0; i < numbers.size(); ++i)
        numbers[i] = static_cast<std::uint16_t>(0x3C00U + i % 251U);
    const auto weight = backend.pack({.format = WeightFormat::BF16,
                                      .experts = 1,
                                      .rows = size,
                                      .columns = size,
                                      .data = std::as_bytes(std::span(numbers)),
                                      .owner = nullptr},
                                     format);
    if (!weight)
        return std::unexpected(weight.error());
    const DType type = backend.activationType();
    const std::size_t bytes = numbers.size() * sizeOf(type);
    const auto from = backend.allocate(bytes);
    const auto to = backend.allocate(bytes);
    for (const auto* buffer : {&from, &to})
        if (!*buffer)
            return std::unexpected(buffer->error());
    const Tensor x(from->memory.get(), type, {size, size});
    const Tensor y(to->memory.get(), type, {size, size});
    const std::vector<float> wide(type == DType::F32 ? numbers.size() : 0, 0.01F);
    backend.upload(
        type == DType::F32 ? std::as_bytes(std::span(wide)) : std::as_bytes(std::span(numbers)), x);
    double best = 0;
    for (int round = 0; round <= kRounds; ++round) {
        if (auto ready = backend.wait(); !ready)
            return std::unexpected(ready.error());
        const auto start = std::chrono::steady_clock::now();
        backend.linear(*weight, x, y);
        if (auto done = backend.wait(); !done)
            return std::unexpected(done.error());
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
        const auto n = static_cast<double>(size);
        best = std::max(best, 2 * n * n * n / time.count());
    }
    return best;
}

} // namespace

Expected<Roofline> measureRoofline(const std::string& device, int threads) {
    Roofline roofline;
    const auto memory = measureBandwidth(device, threads);
    if (!memory)
        return std::unexpected(memory.error());
    roofline.memory = *memory;
    const auto backend = openDevice(device, threads);
    if (!backend)
        return std::unexpected(backend.error());
    const std::int64_t size = device == "cpu" ? 1024 : 8192;
    const auto bf16 = productRate(**backend, size, WeightFormat::BF16);
    if (!bf16)
        return std::unexpected(bf16.error());
    roofline.bf16Flops = *bf16;
    if (device == "cpu") // multiplies in f32, whatever the weights
        return roofline;
    const auto fp8 = productRate(**backend, size, WeightFormat::Fp8);
    if (!fp8 && fp8.error().kind != ErrorKind::Unsupported)
        return std::unexpected(fp8.error());
    roofline.fp8Flops = fp8.value_or(0);
    return roofline;
}

} // namespace lapidary::cli
