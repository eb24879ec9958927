#pragma once

#include "backend.h"
#include "cpu/context.h"

namespace lapidary::kernels {

// The contract stands in backend.h.
void attention(CpuContext& context, const Attention& op);

} // namespace lapidary::kernels
