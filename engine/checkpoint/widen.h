#pragma once

#include "safetensors/tensor_view.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace lapidary::engine {

/// The float of the bits of an IEEE half; every half is a float exactly.
[[nodiscard]] float floatFromHalf(std::uint16_t bits);

/// Writes the elements of an F32, F16 or BF16 tensor as F32; `to` is exactly as long.
void widenToF32(const TensorView& from, std::span<std::byte> to);

} // namespace lapidary::engine
