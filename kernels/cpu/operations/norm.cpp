#include "cpu/operations/norm.h"

#include "cpu/operations/rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/operations/norm.cpp"
#include <hwy/foreach_target.h>

#include "cpu/operations/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lapidary::kernels::HWY_NAMESPACE {

/// weight: null for none.
void rmsNormRow(const float* x, const float* weight, std::int64_t width, float epsilon, float* y) {
    const Floats factor = hn::Set(kFloats, inverseRms(x, width, epsilon));
    forVectors(width, [&](std::int64_t i, auto read, auto write) HWY_ATTR {
        const Floats normed = hn::Mul(read(x + i), factor);
        write(weight == nullptr ? normed : hn::Mul(normed, read(weight + i)), y + i);
    });
}

void addNormedRow(float* residual, const float* x, const float* weight, std::int64_t width,
                  float epsilon, float scale) {
    const Floats factor = hn::Set(kFloats, inverseRms(x, width, epsilon));
    const Floats scales = hn::Set(kFloats, scale);
    forVectors(width, [&](std::int64_t i, auto read, auto write) HWY_ATTR {
        const Floats normed = hn::Mul(hn::Mul(read(x + i), factor), read(weight + i));
        write(hn::Mul(hn::Add(read(residual + i), normed), scales), residual + i);
    });
}

void layerNormRow(const float* x, const float* weight, const float* bias, std::int64_t width,
                  float epsilon, float* y) {
    const auto size = static_cast<float>(width);
    const Floats mean =
        hn::Set(kFloats, sumOf(x, width, [](Floats v) HWY_ATTR { return v; }) / size);
    const float squares = sumOf(x, width, [&](Floats v) HWY_ATTR {
        const Floats distance = hn::Sub(v, mean);
        return hn::Mul(distance, distance);
    });
    const Floats deviation = hn::Sqrt(hn::Set(kFloats, squares / size + epsilon));
    const Floats factor = hn::Div(hn::Set(kFloats, 1.0F), deviation);
    forVectors(width, [&](std::int64_t i, auto read, auto write) HWY_ATTR {
        const Floats normed = hn::Mul(hn::Sub(read(x + i), mean), factor);
        write(hn::MulAdd(normed, read(weight + i), read(bias + i)), y + i);
    });
}

} // namespace lapidary::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace lapidary::kernels {

namespace {

HWY_EXPORT(rmsNormRow);
HWY_EXPORT(addNormedRow);
HWY_EXPORT(layerNormRow);

} // namespace

void rmsNorm(CpuContext& context, const Tensor& x, const Tensor& weight, float epsilon,
             const Tensor& y) {
    const std::int64_t width = widthOf(x);
    LAPIDARY_ASSERT(widthOf(y) == width && x.elements() == y.elements());
    LAPIDARY_ASSERT(weight.empty() || isVector(weight, width));
    const float* const from = floats(x);
    float* const to = floats(y);
    const float* const weights = weight.empty() ? nullptr : floats(weight);
    const std::int64_t rows = width == 0 ? 0 : x.elements() / width;
    const auto normRow = HWY_DYNAMIC_POINTER(rmsNormRow);
    context.pool.forRanges(
        rows, context.pool.grainFor(rows, 2 * width), [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t r = begin; r < end; ++r)
                normRow(from + r * width, weights, width, epsilon, to + r * width);
        });
}

void addNormed(CpuContext& context, const Tensor& residual, const Tensor& x, const Tensor& weight,
               float epsilon, float scale) {
    const std::int64_t width = x.rowSize();
    LAPIDARY_ASSERT(residual.rows() == x.rows() && residual.rowSize() == width);
    LAPIDARY_ASSERT(isVector(weight, width));
    const auto normRow = HWY_DYNAMIC_POINTER(addNormedRow);
    context.pool.forRanges(x.rows(), context.pool.grainFor(x.rows(), 3 * width),
                           [&](std::int64_t begin, std::int64_t end) {
                               for (std::int64_t r = begin; r < end; ++r)
                                   normRow(rowOf(residual, r), rowOf(x, r), floats(weight), width,
                                           epsilon, scale);
                           });
}

void layerNorm(CpuContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
               float epsilon, const Tensor& y) {
    const std::int64_t width = x.rowSize();
    LAPIDARY_ASSERT(y.rows() == x.rows() && y.rowSize() == width);
    LAPIDARY_ASSERT(isVector(weight, width) && isVector(bias, width));
    const auto normRow = HWY_DYNAMIC_POINTER(layerNormRow);
    context.pool.forRanges(x.rows(), context.pool.grainFor(x.rows(), 4 * width),
                           [&](std::int64_t begin, std::int64_t end) {
                               for (std::int64_t r = begin; r < end; ++r)
                                   normRow(rowOf(x, r), floats(weight), floats(bias), width,
                                           epsilon, rowOf(y, r));
                           });
}

} // namespace lapidary::kernels

#endif // HWY_ONCE
