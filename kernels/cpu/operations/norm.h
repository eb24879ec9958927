#pragma once

#include "cpu/context.h"
#include "tensor.h"

namespace lapidary::kernels {

// The contracts stand in backend.h.
void rmsNorm(CpuContext& context, const Tensor& x, const Tensor& weight, float epsilon,
             const Tensor& y);
void addNormed(CpuContext& context, const Tensor& residual, const Tensor& x, const Tensor& weight,
               float epsilon, float scale);
void layerNorm(CpuContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
               float epsilon, const Tensor& y);

} // namespace lapidary::kernels
