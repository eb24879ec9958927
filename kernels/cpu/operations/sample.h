#pragma once

#include "backend.h"
#include "cpu/context.h"

namespace lapidary::kernels {

// The contract stands in backend.h.
void sample(CpuContext& context, const Sample& op);

/// The number in [0, 1) that the token at `position` is drawn with: a hash of both and of nothing
/// else, so that a text can be drawn again from any place, in any grouping of steps.
[[nodiscard]] double drawOf(std::uint64_t seed, std::int64_t position);

} // namespace lapidary::kernels
