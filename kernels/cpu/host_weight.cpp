#include "cpu/host_weight.h"

#include "assert.h"
#include "cpu/host_memory.h"
#include "quantise.h"

#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace lapidary::kernels {

namespace {

std::int64_t rowCount(const WeightSource& source) {
    return source.experts * source.rows;
}

void checkSizes(const WeightSource& source) {
    LAPIDARY_ASSERT(source.experts > 0 && source.rows > 0 && source.columns > 0);
    LAPIDARY_ASSERT(source.bytes()
                    == static_cast<std::size_t>(rowCount(source) * source.columns)
                           * elementSize(source.format));
    const std::int64_t scales = source.format == WeightFormat::Fp8 ? rowCount(source) : 0;
    LAPIDARY_ASSERT(std::ssize(source.scales) == scales);
}

/// Room for the scales and, behind them, the numbers of a weight that is kept here.
struct Room {
    std::shared_ptr<void> memory;
    float* scales = nullptr;
    std::byte* data = nullptr;
};

Expected<Room> makeRoom(std::size_t scaleCount, std::size_t dataBytes) {
    // The numbers begin on a line of the cache, as the memory does.
    const std::size_t scaleBytes = (scaleCount * sizeof(float) + 63) / 64 * 64;
    Expected<Buffer> buffer = allocateHost(scaleBytes + dataBytes);
    if (!buffer)
        return std::unexpected(std::move(buffer.error()));
    auto* const first = static_cast<std::byte*>(buffer->memory.get());
    return Room{.memory = std::move(buffer->memory),
                .scales = reinterpret_cast<float*>(first),
                .data = first + scaleBytes};
}

template <class Bits>
void quantiseRows(ThreadPool& pool, std::int64_t rows, std::int64_t columns, const Room& room,
                  const Bits& bits) {
    constexpr std::int64_t kCost = 8; // numbers that quantising one costs, in numbers only read
    pool.forRanges(rows, pool.grainFor(rows, kCost * columns),
                   [&](std::int64_t begin, std::int64_t end) {
                       for (std::int64_t r = begin; r < end; ++r) {
                           std::byte* const to = room.data + r * columns;
                           room.scales[r] = quantiseRow(
                               columns, [&](std::int64_t i) { return bits(r * columns + i); },
                               [&](std::int64_t i, std::uint8_t code) { to[i] = std::byte{code}; });
                       }
                   });
}

/// Numbers of the source lie at any address.
template <class Number>
Number numberAt(const std::byte* data, std::int64_t index) {
    Number number = {};
    std::memcpy(&number, data + static_cast<std::size_t>(index) * sizeof number, sizeof number);
    return number;
}

void copyNumbers(const WeightSource& source, std::byte* to) {
    for (const std::span<const std::byte> place : source.places()) {
        std::memcpy(to, place.data(), place.size());
        to += place.size();
    }
}

} // namespace

Expected<Weight> packHost(const WeightSource& source) {
    checkSizes(source);
    auto packed = std::make_shared<HostWeight>();
    if (source.owner != nullptr && source.parts.empty()) {
        packed->data = source.data.data();
        packed->scales = source.scales.data();
        packed->owner = source.owner;
    } else {
        Expected<Room> copy = makeRoom(source.scales.size(), source.bytes());
        if (!copy)
            return std::unexpected(std::move(copy.error()));
        if (!source.scales.empty())
            std::memcpy(copy->scales, source.scales.data(), source.scales.size_bytes());
        copyNumbers(source, copy->data);
        packed->data = copy->data;
        packed->scales = source.scales.empty() ? nullptr : copy->scales;
        packed->owner = std::move(copy->memory);
    }
    return Weight(source.format, source.experts, source.rows, source.columns, std::move(packed),
                  source.quantisedInput);
}

Expected<Weight> quantiseHost(ThreadPool& pool, const WeightSource& source) {
    checkSizes(source);
    const std::int64_t rows = rowCount(source);
    Expected<Room> room =
        makeRoom(static_cast<std::size_t>(rows), static_cast<std::size_t>(rows * source.columns));
    if (!room)
        return std::unexpected(std::move(room.error()));
    std::vector<std::byte> together(source.parts.empty() ? 0 : source.bytes());
    if (!together.empty())
        copyNumbers(source, together.data());
    const std::byte* const data = together.empty() ? source.data.data() : together.data();
    if (source.format == WeightFormat::BF16)
        quantiseRows(pool, rows, source.columns, *room,
                     [data](std::int64_t i) { return numberAt<std::uint16_t>(data, i); });
    else
        quantiseRows(pool, rows, source.columns, *room,
                     [data](std::int64_t i) { return toBf16Bits(numberAt<float>(data, i)); });
    auto packed = std::make_shared<HostWeight>();
    packed->data = room->data;
    packed->scales = room->scales;
    packed->owner = std::move(room->memory);
    return Weight(WeightFormat::Fp8, source.experts, source.rows, source.columns, std::move(packed),
                  true);
}

const std::byte* matrixOf(const Weight& weight, std::int64_t expert) {
    LAPIDARY_ASSERT(!weight.empty() && expert >= 0 && expert < weight.experts());
    const auto& packed = static_cast<const HostWeight&>(weight.packed());
    return packed.data
           + static_cast<std::size_t>(expert * weight.rows() * weight.columns())
                 * elementSize(weight.format());
}

const float* scalesOf(const Weight& weight, std::int64_t expert) {
    LAPIDARY_ASSERT(!weight.empty() && expert >= 0 && expert < weight.experts());
    const auto& packed = static_cast<const HostWeight&>(weight.packed());
    return weight.format() == WeightFormat::Fp8 ? packed.scales + expert * weight.rows() : nullptr;
}

} // namespace lapidary::kernels
