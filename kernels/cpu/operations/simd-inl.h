// What the vector code of the operations shares. Included once for each instruction set, inside
// Highway's foreach_target loop, so it has a guard for each of them.
#if defined(LAPIDARY_SIMD_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LAPIDARY_SIMD_INL
#undef LAPIDARY_SIMD_INL
#else
#define LAPIDARY_SIMD_INL
#endif

#include <hwy/cache_control.h>
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace lapidary::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using Floats = hn::Vec<FloatTag>;
constexpr FloatTag kFloats;
constexpr std::size_t kLanes = hn::MaxLanes(kFloats);

/// A bf16 number is the upper half of the f32 of the same value.
HWY_INLINE Floats widen(hn::Vec<hn::Rebind<std::uint16_t, FloatTag>> bits) {
    const hn::RebindToUnsigned<FloatTag> words;
    return hn::BitCast(kFloats, hn::ShiftLeft<16>(hn::PromoteTo(words, bits)));
}

/// Numbers of a file lie at any address: they are loaded as bytes, which need no alignment.
using Bytes = hn::Repartition<std::uint8_t, FloatTag>;
HWY_INLINE hn::Vec<Bytes> loadBytes(const void* from) {
    return hn::LoadU(Bytes(), static_cast<const std::uint8_t*>(from));
}
HWY_INLINE hn::Vec<Bytes> loadBytes(const void* from, std::size_t count) {
    return hn::LoadN(Bytes(), static_cast<const std::uint8_t*>(from), count);
}

HWY_INLINE Floats load(const float* from) {
    return hn::BitCast(kFloats, loadBytes(from));
}

using Halves = hn::Rebind<std::uint16_t, FloatTag>;
using HalfBytes = hn::Repartition<std::uint8_t, Halves>;
HWY_INLINE Floats load(const std::uint16_t* from) {
    const void* const bytes = from;
    return widen(
        hn::BitCast(Halves(), hn::LoadU(HalfBytes(), static_cast<const std::uint8_t*>(bytes))));
}

/// The first `count` < kLanes numbers, then zeros.
HWY_INLINE Floats loadSome(const float* from, std::size_t count) {
    return hn::BitCast(kFloats, loadBytes(from, count * sizeof(float)));
}

HWY_INLINE Floats loadSome(const std::uint16_t* from, std::size_t count) {
    const void* const bytes = from;
    return widen(
        hn::BitCast(Halves(), hn::LoadN(HalfBytes(), static_cast<const std::uint8_t*>(bytes),
                                        count * sizeof(std::uint16_t))));
}

/// body(index, load, store) for each vector of [0, size): whole ones and then a part of one.
template <class Body>
HWY_INLINE void forVectors(std::int64_t size, const Body& body) {
    const auto lanes = static_cast<std::int64_t>(kLanes);
    std::int64_t i = 0;
    for (; i + lanes <= size; i += lanes)
        body(
            i, [](const auto* from) HWY_ATTR { return load(from); },
            [](Floats v, float* to) HWY_ATTR { hn::StoreU(v, kFloats, to); });
    if (i < size) {
        const auto rest = static_cast<std::size_t>(size - i);
        body(
            i, [rest](const auto* from) HWY_ATTR { return loadSome(from, rest); },
            [rest](Floats v, float* to) HWY_ATTR { hn::StoreN(v, kFloats, to, rest); });
    }
}

/// Σ term(load(i)) in one fixed order: four chains, so that the latency of an addition is hidden.
template <class Term>
HWY_INLINE float sumOf(const float* x, std::int64_t size, const Term& term) {
    const auto lanes = static_cast<std::int64_t>(kLanes);
    Floats sum0 = hn::Zero(kFloats);
    Floats sum1 = sum0;
    Floats sum2 = sum0;
    Floats sum3 = sum0;
    std::int64_t i = 0;
    for (; i + 4 * lanes <= size; i += 4 * lanes) {
        sum0 = hn::Add(sum0, term(load(x + i)));
        sum1 = hn::Add(sum1, term(load(x + i + lanes)));
        sum2 = hn::Add(sum2, term(load(x + i + 2 * lanes)));
        sum3 = hn::Add(sum3, term(load(x + i + 3 * lanes)));
    }
    for (; i + lanes <= size; i += lanes)
        sum0 = hn::Add(sum0, term(load(x + i)));
    if (i < size) {
        const auto rest = static_cast<std::size_t>(size - i);
        const auto inside = hn::FirstN(kFloats, rest);
        sum1 = hn::Add(sum1, hn::IfThenElseZero(inside, term(loadSome(x + i, rest))));
    }
    return hn::ReduceSum(kFloats, hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3)));
}

/// 1 / sqrt(mean(x²) + epsilon).
HWY_INLINE float inverseRms(const float* x, std::int64_t size, float epsilon) {
    const float squares = sumOf(x, size, [](Floats v) HWY_ATTR { return hn::Mul(v, v); });
    const Floats mean = hn::Set(kFloats, squares / static_cast<float>(size) + epsilon);
    return hn::GetLane(hn::Div(hn::Set(kFloats, 1.0F), hn::Sqrt(mean)));
}

/// 0.5 u (1 + tanh(√(2/π) (u + 0.044715 u³))), as u / (1 + exp(−2 √(2/π) (u + 0.044715 u³))), which
/// does not cancel for negative u.
HWY_INLINE Floats geluTanh(Floats u) {
    const Floats cube = hn::Mul(hn::Mul(u, u), u);
    const Floats inner = hn::MulAdd(hn::Set(kFloats, 0.044715F), cube, u);
    const Floats exponent = hn::Mul(inner, hn::Set(kFloats, -1.5957691216057308F));
    // exp is defined up to 88.7, where the quotient has long been 0 for every u a network has.
    const Floats quotient = hn::Div(u, hn::Add(hn::Set(kFloats, 1.0F), hn::Exp(kFloats, exponent)));
    return hn::IfThenElseZero(hn::Lt(exponent, hn::Set(kFloats, 88.0F)), quotient);
}

} // namespace lapidary::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // LAPIDARY_SIMD_INL
