#include "cpu/operations/linear.h"
#include "cpu/operations/mlp.h"
#include "cpu/operations/rows.h"

#include <algorithm>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/operations/route.cpp"
#include <hwy/foreach_target.h>

#include "cpu/operations/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lapidary::kernels::HWY_NAMESPACE {

/// t = x / rms(x) ⊙ scale · factor.
void normForRouter(const float* x, const float* scale, std::int64_t width, float factor,
                   float epsilon, float* t) {
    const Floats inverse = hn::Set(kFloats, inverseRms(x, width, epsilon));
    const Floats factors = hn::Set(kFloats, factor);
    forVectors(width, [&](std::int64_t i, auto read, auto write) HWY_ATTR {
        const Floats normed = hn::Mul(read(x + i), inverse);
        write(hn::Mul(hn::Mul(normed, read(scale + i)), factors), t + i);
    });
}

/// x = softmax(x).
void softmaxRow(float* x, std::int64_t size) {
    const Floats largest = hn::Set(kFloats, *std::max_element(x, x + size));
    forVectors(size, [&](std::int64_t i, auto read, auto write) HWY_ATTR {
        write(hn::Exp(kFloats, hn::Sub(read(x + i), largest)), x + i);
    });
    const Floats total = hn::Set(kFloats, sumOf(x, size, [](Floats v) HWY_ATTR { return v; }));
    forVectors(size, [&](std::int64_t i, auto read, auto write)
                         HWY_ATTR { write(hn::Div(read(x + i), total), x + i); });
}

} // namespace lapidary::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace lapidary::kernels {

namespace {

HWY_EXPORT(normForRouter);
HWY_EXPORT(softmaxRow);

/// The topK largest probabilities by falling probability, ties to the lower index.
void chooseExperts(const float* p, std::int64_t experts, std::int64_t topK, const float* ownScale,
                   std::int32_t* chosen, float* weights) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(experts));
    for (std::size_t e = 0; e < order.size(); ++e)
        order[e] = static_cast<std::int32_t>(e);
    std::ranges::partial_sort(order, order.begin() + topK, [p](std::int32_t a, std::int32_t b) {
        return p[a] > p[b] || (p[a] == p[b] && a < b);
    });
    float total = 0;
    for (std::int64_t i = 0; i < topK; ++i)
        total += p[order[static_cast<std::size_t>(i)]];
    for (std::int64_t i = 0; i < topK; ++i) {
        chosen[i] = order[static_cast<std::size_t>(i)];
        weights[i] = p[chosen[i]] / total * ownScale[chosen[i]];
    }
}

} // namespace

void route(CpuContext& context, const Route& op) {
    const std::int64_t rows = op.x.rows();
    const std::int64_t hidden = op.x.rowSize();
    const std::int64_t experts = op.proj.rows();
    const std::int64_t topK = op.chosen.rowSize();
    LAPIDARY_ASSERT(op.proj.columns() == hidden && isVector(op.scale, hidden));
    LAPIDARY_ASSERT(isVector(op.perExpertScale, experts) && topK >= 1 && topK <= experts);
    LAPIDARY_ASSERT(op.chosen.rows() == rows && op.weights.rows() == rows);
    LAPIDARY_ASSERT(op.weights.rowSize() == topK);
    LAPIDARY_ASSERT(op.scratch.elements() >= rows * (hidden + experts));
    const Tensor normed(floats(op.scratch), DType::F32, {rows, hidden});
    const Tensor p(floats(op.scratch) + rows * hidden, DType::F32, {rows, experts});

    const auto normOne = HWY_DYNAMIC_POINTER(normForRouter);
    context.pool.forRanges(rows, context.pool.grainFor(rows, 3 * hidden),
                           [&](std::int64_t begin, std::int64_t end) {
                               for (std::int64_t r = begin; r < end; ++r)
                                   normOne(rowOf(op.x, r), floats(op.scale), hidden, op.factor,
                                           op.epsilon, rowOf(normed, r));
                           });
    linear(context, op.proj, normed, p);
    if (context.error)
        return;
    const auto softmax = HWY_DYNAMIC_POINTER(softmaxRow);
    context.pool.forRanges(
        rows, context.pool.grainFor(rows, 32 * experts), [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t r = begin; r < end; ++r) {
                softmax(rowOf(p, r), experts);
                chooseExperts(rowOf(p, r), experts, topK, floats(op.perExpertScale),
                              integers(op.chosen) + r * topK, floats(op.weights) + r * topK);
            }
        });
}

} // namespace lapidary::kernels

#endif // HWY_ONCE
