#include "cpu/operations/rotation.h"

#include "cpu/operations/rows.h"

#include <bit>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/operations/rotation.cpp"
#include <hwy/foreach_target.h>

#include "cpu/operations/rotation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lapidary::kernels::HWY_NAMESPACE {

void normAndRotateHead(const float* x, const float* weight, std::int64_t size, float epsilon,
                       const float* sines, const float* cosines, float* y) {
    normHead(x, weight, size, epsilon, y);
    rotatePairs(y, size / 2, sines, cosines);
}

void normHeadAlone(const float* x, std::int64_t size, float epsilon, float* y) {
    normHead(x, nullptr, size, epsilon, y);
}

} // namespace lapidary::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace lapidary::kernels {

namespace {

HWY_EXPORT(normAndRotateHead);
HWY_EXPORT(normHeadAlone);

/// The nearest bf16, ties to even; NaN stays NaN.
std::uint16_t narrow(float number) {
    const auto bits = std::bit_cast<std::uint32_t>(number);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U)
        return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
    return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

/// Puts `size` numbers at `element` of a cache tensor.
void store(const float* from, std::int64_t size, const Tensor& cache, std::int64_t element) {
    if (cache.dtype == DType::F32) {
        std::copy_n(from, size, static_cast<float*>(cache.data) + element);
        return;
    }
    auto* const to = static_cast<std::uint16_t*>(cache.data) + element;
    for (std::int64_t i = 0; i < size; ++i)
        to[i] = narrow(from[i]);
}

void checkShapes(const RotateAndStore& op) {
    LAPIDARY_ASSERT(op.q.rank == 3 && op.q.shape[2] % 2 == 0 && op.firstPosition >= 0);
    const std::int64_t headDim = op.q.shape[2];
    LAPIDARY_ASSERT(isVector(op.qNorm, headDim) && isVector(op.frequencies, headDim / 2));
    if (op.k.empty())
        return;
    LAPIDARY_ASSERT(op.k.rank == 3 && op.k.rows() == op.q.rows() && op.k.shape[2] == headDim);
    LAPIDARY_ASSERT(op.v.rank == 3 && op.v.shape == op.k.shape && isVector(op.kNorm, headDim));
    LAPIDARY_ASSERT(op.cache.k.rank == 3 && op.cache.v.shape == op.cache.k.shape);
    LAPIDARY_ASSERT(op.cache.k.rowSize() == op.k.rowSize() && op.cache.k.shape[2] == headDim);
    LAPIDARY_ASSERT(op.cache.k.dtype != DType::I32 && op.cache.v.dtype == op.cache.k.dtype);
    LAPIDARY_ASSERT(op.k.rows() <= op.cache.capacity());
}

} // namespace

void rotateAndStore(CpuContext& context, const RotateAndStore& op) {
    checkShapes(op);
    const std::int64_t headDim = op.q.shape[2];
    const std::int64_t heads = op.q.shape[1];
    const std::int64_t kvHeads = op.k.empty() ? 0 : op.k.shape[1];
    const std::int64_t pairs = headDim / 2;
    const auto rotateHead = HWY_DYNAMIC_POINTER(normAndRotateHead);
    const auto normOnly = HWY_DYNAMIC_POINTER(normHeadAlone);
    // The angles of a row cost about 16 numbers a pair.
    const std::int64_t cost = (heads + 2 * kvHeads) * headDim * 2 + pairs * 16;
    const auto rotateRows = [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> turns(static_cast<std::size_t>(3 * headDim));
        float* const sines = turns.data();
        float* const cosines = sines + pairs;
        float* const head = cosines + pairs;
        for (std::int64_t r = begin; r < end; ++r) {
            const std::int64_t position = op.firstPosition + r;
            for (std::int64_t i = 0; i < pairs; ++i) {
                const SineCosine angle = turn(position, floats(op.frequencies)[i]);
                sines[i] = angle.sine;
                cosines[i] = angle.cosine;
            }
            for (std::int64_t h = 0; h < heads; ++h) {
                float* const q = rowOf(op.q, r) + h * headDim;
                rotateHead(q, floats(op.qNorm), headDim, op.epsilon, sines, cosines, q);
            }
            for (std::int64_t h = 0; h < kvHeads; ++h) {
                const std::int64_t slot = position % op.cache.capacity();
                const std::int64_t element = slot * op.k.rowSize() + h * headDim;
                rotateHead(rowOf(op.k, r) + h * headDim, floats(op.kNorm), headDim, op.epsilon,
                           sines, cosines, head);
                store(head, headDim, op.cache.k, element);
                normOnly(rowOf(op.v, r) + h * headDim, headDim, op.epsilon, head);
                store(head, headDim, op.cache.v, element);
            }
        }
    };
    context.pool.forRanges(op.q.rows(), context.pool.grainFor(op.q.rows(), cost), rotateRows);
}

} // namespace lapidary::kernels

#endif // HWY_ONCE
