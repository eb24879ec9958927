#include "checkpoint/widen.h"

#include <kernels/assert.h>

#include <bit>
#include <cstring>
#include <limits>

namespace lapidary::engine {

static_assert(std::endian::native == std::endian::little, "safetensors are read as they lie");

namespace {

template <class Widen>
void widenHalves(std::span<const std::byte> from, std::span<std::byte> to, Widen widen) {
    const std::size_t count = from.size() / sizeof(std::uint16_t);
    for (std::size_t i = 0; i < count; ++i) {
        std::uint16_t bits = 0; // tensors lie at any address
        std::memcpy(&bits, from.data() + i * sizeof bits, sizeof bits);
        const float value = widen(bits);
        std::memcpy(to.data() + i * sizeof value, &value, sizeof value);
    }
}

} // namespace

float floatFromHalf(std::uint16_t bits) {
    const bool negative = (bits & 0x8000U) != 0;
    const unsigned exponent = (bits >> 10U) & 0x1FU;
    const unsigned fraction = bits & 0x3FFU;
    const auto sign = static_cast<std::uint32_t>(negative) << 31U;
    if (exponent == 0) {
        const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
        return negative ? -magnitude : magnitude;
    }
    // 112 is the difference of the biases; infinity and NaN keep an exponent of ones.
    const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
    return std::bit_cast<float>(sign | (wide << 23U) | (fraction << 13U));
}

void widenToF32(const TensorView& from, std::span<std::byte> to) {
    LAPIDARY_ASSERT(to.size() == static_cast<std::size_t>(from.elements()) * sizeof(float));
    switch (from.type) {
    case StoredType::F32:
        std::memcpy(to.data(), from.bytes.data(), to.size());
        return;
    case StoredType::BF16:
        widenHalves(from.bytes, to, [](std::uint16_t bits) {
            return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
        });
        return;
    case StoredType::F16:
        widenHalves(from.bytes, to, floatFromHalf);
        return;
    default:
        assertionFailed("a floating-point tensor");
    }
}

} // namespace lapidary::engine
