#include "cpu/operations/elementwise.h"

#include "cpu/host_weight.h"
#include "cpu/operations/rows.h"
#include "quantise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/operations/elementwise.cpp"
#include <hwy/foreach_target.h>

#include "cpu/operations/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lapidary::kernels::HWY_NAMESPACE {

template <class Number>
void scaleNumbers(const Number* x, std::int64_t size, float scale, float* y) {
    const Floats scales = hn::Set(kFloats, scale);
    forVectors(size, [&](std::int64_t i, auto read, auto write)
                         HWY_ATTR { write(hn::Mul(read(x + i), scales), y + i); });
}

/// Of a row of BF16 or F32 numbers.
void scaleRow(WeightFormat format, const std::byte* x, std::int64_t size, float scale, float* y) {
    if (format == WeightFormat::BF16)
        scaleNumbers(reinterpret_cast<const std::uint16_t*>(x), size, scale, y);
    else
        scaleNumbers(reinterpret_cast<const float*>(x), size, scale, y);
}

void geluMultiplyRange(const float* gate, const float* up, std::int64_t size, float* y) {
    forVectors(size, [&](std::int64_t i, auto read, auto write) HWY_ATTR {
        write(hn::Mul(geluTanh(read(gate + i)), read(up + i)), y + i);
    });
}

void scaledSumRange(const float* a, const float* b, std::int64_t size, float scale, float* y) {
    const Floats scales = hn::Set(kFloats, scale);
    forVectors(size, [&](std::int64_t i, auto read, auto write) HWY_ATTR {
        write(hn::Mul(hn::Add(read(a + i), read(b + i)), scales), y + i);
    });
}

void clampRange(float* x, std::int64_t size, float low, float high) {
    const Floats lows = hn::Set(kFloats, low);
    const Floats highs = hn::Set(kFloats, high);
    forVectors(size, [&](std::int64_t i, auto read, auto write)
                         HWY_ATTR { write(hn::Min(hn::Max(read(x + i), lows), highs), x + i); });
}

void softCapRange(float* x, std::int64_t size, float cap) {
    const Floats caps = hn::Set(kFloats, cap);
    forVectors(size, [&](std::int64_t i, auto read, auto write) HWY_ATTR {
        write(hn::Mul(hn::Tanh(kFloats, hn::Div(read(x + i), caps)), caps), x + i);
    });
}

/// y = Σ weights[i] · x[i], in the order of i.   x [terms, width]
void weightedSumRow(const float* x, const float* weights, std::int64_t terms, std::int64_t width,
                    float* y) {
    forVectors(width, [&](std::int64_t i, auto read, auto write) HWY_ATTR {
        Floats sum = hn::Zero(kFloats);
        for (std::int64_t t = 0; t < terms; ++t)
            sum = hn::MulAdd(hn::Set(kFloats, weights[t]), read(x + t * width + i), sum);
        write(sum, y + i);
    });
}

} // namespace lapidary::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace lapidary::kernels {

namespace {

HWY_EXPORT(scaleRow);
HWY_EXPORT(geluMultiplyRange);
HWY_EXPORT(scaledSumRange);
HWY_EXPORT(clampRange);
HWY_EXPORT(softCapRange);
HWY_EXPORT(weightedSumRow);

void scaleCodes(const std::byte* codes, std::int64_t size, float rowScale, float scale, float* y) {
    for (std::int64_t i = 0; i < size; ++i)
        y[i] = fromE4m3(std::to_integer<std::uint8_t>(codes[i])) * rowScale * scale;
}

// Numbers that a transcendental function costs, in numbers that are only read.
constexpr std::int64_t kFunctionCost = 8;

} // namespace

void embed(CpuContext& context, const Weight& table, const Tensor& ids, float scale,
           const Tensor& y) {
    const std::int64_t width = table.columns();
    LAPIDARY_ASSERT(table.experts() == 1 && y.rowSize() == width && ids.elements() == y.rows());
    const std::int32_t* const indices = integers(ids);
    const auto scaleOne = HWY_DYNAMIC_POINTER(scaleRow);
    context.pool.forRanges(
        y.rows(), context.pool.grainFor(y.rows(), width),
        [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t r = begin; r < end; ++r) {
                LAPIDARY_ASSERT(indices[r] >= 0 && indices[r] < table.rows());
                const std::byte* const row =
                    matrixOf(table)
                    + static_cast<std::size_t>(indices[r] * width) * elementSize(table.format());
                if (table.format() == WeightFormat::Fp8)
                    scaleCodes(row, width, scalesOf(table)[indices[r]], scale, rowOf(y, r));
                else
                    scaleOne(table.format(), row, width, scale, rowOf(y, r));
            }
        });
}

void gather(CpuContext& context, const Weight& table, std::span<const std::int32_t> ids,
            float scale, const Tensor& y) {
    LAPIDARY_ASSERT(table.experts() == 1 && table.format() != WeightFormat::Fp8 && y.rank == 3);
    const std::int64_t parts = y.shape[0];
    const std::int64_t rows = y.shape[1];
    const std::int64_t width = y.shape[2];
    LAPIDARY_ASSERT(parts * width == table.columns() && rows == std::ssize(ids));
    const std::size_t size = elementSize(table.format());
    const Tensor all = y.as({parts * rows, width});
    const auto scaleOne = HWY_DYNAMIC_POINTER(scaleRow);
    context.pool.forRanges(rows, context.pool.grainFor(rows, table.columns()),
                           [&](std::int64_t begin, std::int64_t end) {
                               for (std::int64_t r = begin; r < end; ++r) {
                                   const std::int32_t id = ids[static_cast<std::size_t>(r)];
                                   LAPIDARY_ASSERT(id >= 0 && id < table.rows());
                                   for (std::int64_t p = 0; p < parts; ++p) {
                                       const auto at = static_cast<std::size_t>(id * table.columns()
                                                                                + p * width);
                                       scaleOne(table.format(), matrixOf(table) + at * size, width,
                                                scale, rowOf(all, p * rows + r));
                                   }
                               }
                           });
}

void geluMultiply(CpuContext& context, const Tensor& gate, const Tensor& up, const Tensor& y) {
    const std::int64_t size = y.elements();
    LAPIDARY_ASSERT(gate.elements() == size && up.elements() == size);
    const float* const gates = floats(gate);
    const float* const ups = floats(up);
    float* const to = floats(y);
    const auto multiply = HWY_DYNAMIC_POINTER(geluMultiplyRange);
    context.pool.forRanges(size, context.pool.grainFor(size, kFunctionCost),
                           [&](std::int64_t begin, std::int64_t end) {
                               multiply(gates + begin, ups + begin, end - begin, to + begin);
                           });
}

void scaledSum(CpuContext& context, const Tensor& a, const Tensor& b, float scale,
               const Tensor& y) {
    const std::int64_t size = y.elements();
    LAPIDARY_ASSERT(a.elements() == size && b.elements() == size);
    const float* const left = floats(a);
    const float* const right = floats(b);
    float* const to = floats(y);
    const auto sum = HWY_DYNAMIC_POINTER(scaledSumRange);
    context.pool.forRanges(size, context.pool.grainFor(size, 2),
                           [&](std::int64_t begin, std::int64_t end) {
                               sum(left + begin, right + begin, end - begin, scale, to + begin);
                           });
}

void addBias(CpuContext& context, const Tensor& x, const Tensor& bias) {
    const std::int64_t width = x.rowSize();
    LAPIDARY_ASSERT(isVector(bias, width));
    const auto sum = HWY_DYNAMIC_POINTER(scaledSumRange);
    context.pool.forRanges(x.rows(), context.pool.grainFor(x.rows(), width),
                           [&](std::int64_t begin, std::int64_t end) {
                               for (std::int64_t r = begin; r < end; ++r)
                                   sum(rowOf(x, r), floats(bias), width, 1.0F, rowOf(x, r));
                           });
}

void addRows(CpuContext& context, const Tensor& x, const Tensor& table, const Tensor& indices) {
    const std::int64_t width = x.rowSize();
    LAPIDARY_ASSERT(table.rowSize() == width && indices.elements() == x.rows());
    const std::int32_t* const entries = integers(indices);
    const auto sum = HWY_DYNAMIC_POINTER(scaledSumRange);
    context.pool.forRanges(x.rows(), context.pool.grainFor(x.rows(), width),
                           [&](std::int64_t begin, std::int64_t end) {
                               for (std::int64_t r = begin; r < end; ++r) {
                                   LAPIDARY_ASSERT(entries[r] >= 0 && entries[r] < table.rows());
                                   sum(rowOf(x, r), rowOf(table, entries[r]), width, 1.0F,
                                       rowOf(x, r));
                               }
                           });
}

void clamp(CpuContext& context, const Tensor& x, float low, float high) {
    const std::int64_t size = x.elements();
    float* const numbers = floats(x);
    const auto limit = HWY_DYNAMIC_POINTER(clampRange);
    context.pool.forRanges(size, context.pool.grainFor(size, 1),
                           [&](std::int64_t begin, std::int64_t end) {
                               limit(numbers + begin, end - begin, low, high);
                           });
}

void softCap(CpuContext& context, const Tensor& x, float cap) {
    const std::int64_t size = x.elements();
    float* const numbers = floats(x);
    const auto limit = HWY_DYNAMIC_POINTER(softCapRange);
    context.pool.forRanges(
        size, context.pool.grainFor(size, kFunctionCost),
        [&](std::int64_t begin, std::int64_t end) { limit(numbers + begin, end - begin, cap); });
}

void activatePairs(CpuContext& context, std::span<float* const> gateUp, std::int64_t width,
                   std::span<float* const> y) {
    LAPIDARY_ASSERT(gateUp.size() == y.size());
    const auto rows = static_cast<std::int64_t>(y.size());
    const auto multiply = HWY_DYNAMIC_POINTER(geluMultiplyRange);
    context.pool.forRanges(rows, context.pool.grainFor(rows, kFunctionCost * width),
                           [&](std::int64_t begin, std::int64_t end) {
                               for (auto r = static_cast<std::size_t>(begin);
                                    r < static_cast<std::size_t>(end); ++r)
                                   multiply(gateUp[r], gateUp[r] + width, width, y[r]);
                           });
}

void sumExperts(CpuContext& context, const Tensor& x, const Tensor& weights, const Tensor& y) {
    const std::int64_t terms = weights.rowSize();
    const std::int64_t width = y.rowSize();
    LAPIDARY_ASSERT(x.rows() == y.rows() && x.rowSize() == terms * width);
    const auto sum = HWY_DYNAMIC_POINTER(weightedSumRow);
    context.pool.forRanges(y.rows(), context.pool.grainFor(y.rows(), terms * width),
                           [&](std::int64_t begin, std::int64_t end) {
                               for (std::int64_t r = begin; r < end; ++r)
                                   sum(rowOf(x, r), rowOf(weights, r), terms, width, rowOf(y, r));
                           });
}

} // namespace lapidary::kernels

#endif // HWY_ONCE
