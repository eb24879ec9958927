#pragma once

#include "backend.h"
#include "cpu/context.h"

#include <cmath>
#include <cstdint>

namespace lapidary::kernels {

// The contract stands in backend.h.
void rotateAndStore(CpuContext& context, const RotateAndStore& op);

struct SineCosine {
    float sine;
    float cosine;
};

/// Both functions of position · frequency, a product in f32 as the models' authors have it. The
/// angle may be large, so it is reduced in double: with π/2 in two parts of 33 and 53 bits the
/// remainder is exact to 1e-15 for every angle below 2^20, and the series to x^13 and x^14 end
/// 1e-13 below π/4.
inline SineCosine turn(std::int64_t position, float frequency) {
    constexpr double kHalfPiHigh = 0x1.921fb544p+0;
    constexpr double kHalfPiLow = 0x1.0b4611a626331p-34;
    const auto angle = static_cast<double>(static_cast<float>(position) * frequency);
    const double quarters = std::floor(angle * 0.63661977236758134308 + 0.5);
    const double x = (angle - quarters * kHalfPiHigh) - quarters * kHalfPiLow;
    const double z = x * x;
    const double sine =
        x
        * (1
           + z
                 * (-1.0 / 6
                    + z
                          * (1.0 / 120
                             + z
                                   * (-1.0 / 5040
                                      + z
                                            * (1.0 / 362880
                                               + z
                                                     * (-1.0 / 39916800
                                                        + z * (1.0 / 6227020800.0)))))));
    const double cosine =
        1
        + z
              * (-1.0 / 2
                 + z
                       * (1.0 / 24
                          + z
                                * (-1.0 / 720
                                   + z
                                         * (1.0 / 40320
                                            + z
                                                  * (-1.0 / 3628800
                                                     + z
                                                           * (1.0 / 479001600.0
                                                              - z * (1.0 / 87178291200.0)))))));
    switch (static_cast<std::int64_t>(quarters) & 3) {
    case 0:
        return {.sine = static_cast<float>(sine), .cosine = static_cast<float>(cosine)};
    case 1:
        return {.sine = static_cast<float>(cosine), .cosine = static_cast<float>(-sine)};
    case 2:
        return {.sine = static_cast<float>(-sine), .cosine = static_cast<float>(-cosine)};
    default:
        return {.sine = static_cast<float>(-cosine), .cosine = static_cast<float>(sine)};
    }
}

} // namespace lapidary::kernels
