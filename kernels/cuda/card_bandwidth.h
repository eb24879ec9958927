#pragma once

#include "bandwidth.h"

#include <cstddef>

namespace lapidary::kernels::cuda {

/// As measureBandwidth, of a card with so much free.
[[nodiscard]] Expected<Bandwidth> cardBandwidth(int device, std::size_t freeBytes);

} // namespace lapidary::kernels::cuda
