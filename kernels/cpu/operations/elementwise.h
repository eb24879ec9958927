#pragma once

#include "cpu/context.h"
#include "tensor.h"
#include "weight.h"

#include <cstdint>
#include <span>

namespace lapidary::kernels {

// The contracts stand in backend.h.
void embed(CpuContext& context, const Weight& table, const Tensor& ids, float scale,
           const Tensor& y);
void gather(CpuContext& context, const Weight& table, std::span<const std::int32_t> ids,
            float scale, const Tensor& y);
void geluMultiply(CpuContext& context, const Tensor& gate, const Tensor& up, const Tensor& y);
void scaledSum(CpuContext& context, const Tensor& a, const Tensor& b, float scale, const Tensor& y);
void addBias(CpuContext& context, const Tensor& x, const Tensor& bias);
void addRows(CpuContext& context, const Tensor& x, const Tensor& table, const Tensor& indices);
void clamp(CpuContext& context, const Tensor& x, float low, float high);

/// x = cap · tanh(x / cap), element by element.
void softCap(CpuContext& context, const Tensor& x, float cap);

/// y[i] = gelu_tanh(first half of gateUp[i]) ⊙ second half, rows of 2 · width and of width.
void activatePairs(CpuContext& context, std::span<float* const> gateUp, std::int64_t width,
                   std::span<float* const> y);

/// y[r] = Σ weights[r][i] · x[r][i], in the order of i.
///   x [rows, terms, width], weights [rows, terms], y [rows, width]
void sumExperts(CpuContext& context, const Tensor& x, const Tensor& weights, const Tensor& y);

} // namespace lapidary::kernels
