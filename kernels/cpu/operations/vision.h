#pragma once

#include "backend.h"
#include "cpu/context.h"

namespace lapidary::kernels {

// The contracts stand in backend.h.
void visionAttention(CpuContext& context, const VisionAttention& op);
void poolPatches(CpuContext& context, const Tensor& x, std::int64_t gridColumns, std::int64_t k,
                 float factor, const Tensor& bias, const Tensor& scale, const Tensor& y);

} // namespace lapidary::kernels
