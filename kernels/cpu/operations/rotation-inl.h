// Norm and rotation of one head, for text and for image patches; see simd-inl.h for the guard.
#if defined(LAPIDARY_ROTATION_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LAPIDARY_ROTATION_INL
#undef LAPIDARY_ROTATION_INL
#else
#define LAPIDARY_ROTATION_INL
#endif

#include "cpu/operations/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lapidary::kernels::HWY_NAMESPACE {

/// y = x / rms(x) ⊙ weight; weight null for none; y may be x.
HWY_INLINE void normHead(const float* x, const float* weight, std::int64_t size, float epsilon,
                         float* y) {
    const Floats factor = hn::Set(kFloats, inverseRms(x, size, epsilon));
    forVectors(size, [&](std::int64_t i, auto read, auto write) HWY_ATTR {
        const Floats normed = hn::Mul(read(x + i), factor);
        write(weight == nullptr ? normed : hn::Mul(normed, read(weight + i)), y + i);
    });
}

/// Turns the pairs (i, i + pairs) of x by the angles of `sines` and `cosines`.
HWY_INLINE void rotatePairs(float* x, std::int64_t pairs, const float* sines,
                            const float* cosines) {
    forVectors(pairs, [&](std::int64_t i, auto read, auto write) HWY_ATTR {
        const Floats first = read(x + i);
        const Floats second = read(x + pairs + i);
        const Floats sine = read(sines + i);
        const Floats cosine = read(cosines + i);
        write(hn::Sub(hn::Mul(first, cosine), hn::Mul(second, sine)), x + i);
        write(hn::Add(hn::Mul(second, cosine), hn::Mul(first, sine)), x + pairs + i);
    });
}

} // namespace lapidary::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // LAPIDARY_ROTATION_INL
