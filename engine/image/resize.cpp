#include "image/resize.h"

#include <kernels/assert.h>

#include <algorithm>
#include <cmath>
#include <span>

namespace lapidary::engine {
namespace {

constexpr int kChannels = 3;

/// Catmull-Rom's cubic: a = −0.5, zero from ±2 on.
double cubic(double x) {
    constexpr double a = -0.5;
    x = std::abs(x);
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2)
        return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

/// What each output sample of one axis is made of: input samples first … first + weights − 1.
struct Taps {
    struct Range {
        int first = 0;
        int count = 0;
    };

    std::vector<Range> ranges;         ///< [output samples]
    std::vector<std::int16_t> weights; ///< [output samples, widest], fixed point
    int widest = 0;                    ///< weights an output sample has room for
    int fractionBits = 0;              ///< of the weights

    [[nodiscard]] std::span<const std::int16_t> of(std::size_t output) const {
        return std::span(weights).subspan(output * static_cast<std::size_t>(widest),
                                          static_cast<std::size_t>(ranges[output].count));
    }
};

/// As many fraction bits as keep the largest weight within 16 bits, 22 at most: torch's rule.
int fractionBitsFor(double largest) {
    int bits = 0;
    while (bits < 22 && std::floor(0.5 + std::ldexp(largest, bits + 1)) < 32768)
        ++bits;
    return bits;
}

Taps makeTaps(int inputSize, int outputSize) {
    const double scale = static_cast<double>(inputSize) / outputSize;
    const double shrink = std::max(scale, 1.0);
    const double support = 2 * shrink;
    Taps taps;
    taps.widest = 2 * static_cast<int>(std::ceil(support)) + 1;
    taps.ranges.resize(static_cast<std::size_t>(outputSize));
    std::vector<double> exact(taps.ranges.size() * static_cast<std::size_t>(taps.widest));
    for (std::size_t output = 0; output < taps.ranges.size(); ++output) {
        const double center = scale * (static_cast<double>(output) + 0.5);
        const int first = std::max(static_cast<int>(std::floor(center - support + 0.5)), 0);
        const int end = std::min(static_cast<int>(std::floor(center + support + 0.5)), inputSize);
        taps.ranges[output] = {.first = first, .count = std::min(end - first, taps.widest)};
        const auto row =
            std::span(exact).subspan(output * static_cast<std::size_t>(taps.widest),
                                     static_cast<std::size_t>(taps.ranges[output].count));
        double sum = 0;
        for (std::size_t i = 0; i < row.size(); ++i) {
            row[i] = cubic((static_cast<double>(i) + first - center + 0.5) / shrink);
            sum += row[i];
        }
        for (double& weight : row)
            weight /= sum;
    }
    taps.fractionBits = fractionBitsFor(*std::ranges::max_element(exact));
    taps.weights.resize(exact.size());
    std::ranges::transform(exact, taps.weights.begin(), [&](double weight) {
        return static_cast<std::int16_t>(std::lround(std::ldexp(weight, taps.fractionBits)));
    });
    return taps;
}

std::uint8_t rounded(std::int32_t sum, int fractionBits) {
    return static_cast<std::uint8_t>(std::clamp(sum >> fractionBits, 0, 255));
}

/// [rows, input width, 3] → [rows, output width, 3].
Image resizeRows(const Image& image, int width) {
    const Taps taps = makeTaps(image.width, width);
    Image result{.width = width, .height = image.height, .rgb = {}};
    result.rgb.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(image.height)
                      * kChannels);
    const std::size_t inputStride = static_cast<std::size_t>(image.width) * kChannels;
    auto* out = result.rgb.data();
    for (int y = 0; y < image.height; ++y) {
        const std::uint8_t* row = image.rgb.data() + static_cast<std::size_t>(y) * inputStride;
        for (std::size_t x = 0; x < static_cast<std::size_t>(width); ++x) {
            const std::uint8_t* in =
                row + static_cast<std::size_t>(taps.ranges[x].first) * kChannels;
            std::int32_t sum[kChannels];
            std::ranges::fill(sum, 1 << (taps.fractionBits - 1));
            for (const std::int32_t weight : taps.of(x)) {
                for (std::int32_t& channel : sum)
                    channel += weight * *in++;
            }
            for (const std::int32_t channel : sum)
                *out++ = rounded(channel, taps.fractionBits);
        }
    }
    return result;
}

/// [input height, width, 3] → [output height, width, 3].
Image resizeColumns(const Image& image, int height) {
    const Taps taps = makeTaps(image.height, height);
    Image result{.width = image.width, .height = height, .rgb = {}};
    const std::size_t stride = static_cast<std::size_t>(image.width) * kChannels;
    result.rgb.resize(stride * static_cast<std::size_t>(height));
    std::vector<std::int32_t> sums(stride);
    for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
        std::ranges::fill(sums, 1 << (taps.fractionBits - 1));
        const std::uint8_t* in =
            image.rgb.data() + static_cast<std::size_t>(taps.ranges[y].first) * stride;
        for (const std::int32_t weight : taps.of(y)) {
            for (std::int32_t& sum : sums)
                sum += weight * *in++;
        }
        std::ranges::transform(sums, result.rgb.begin() + static_cast<std::ptrdiff_t>(y * stride),
                               [&](std::int32_t sum) { return rounded(sum, taps.fractionBits); });
    }
    return result;
}

} // namespace

Image resize(const Image& image, int width, int height) {
    LAPIDARY_ASSERT(width >= 1 && height >= 1);
    if (width == image.width && height == image.height)
        return image;
    const Image rows = width == image.width ? image : resizeRows(image, width);
    return height == image.height ? rows : resizeColumns(rows, height);
}

} // namespace lapidary::engine
