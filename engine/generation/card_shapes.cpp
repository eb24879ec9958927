#include "generation/card_shapes.h"

#include <algorithm>
#include <cstdint>
#include <format>
#include <string_view>

namespace lapidary::engine {

namespace {

constexpr int kMostHeadDim = 512; // rows of keys in shared memory
constexpr int kHeadDimStep = 8;   // 16 bytes are copied at a time
// A row, what its experts make of it and the scores of all experts stand in shared memory.
constexpr int kMostExperts = 512;
constexpr int kMostRoutedWidth = 8192;
// Sums of at most 2048 runs of keys are merged: 196,000 positions of a window, 1.8 million of a
// context.
constexpr int kLongestWindow = 1 << 17;
constexpr int kLongestContext = 1 << 20;

Expected<void> refuse(std::string_view what) {
    return fail(
        ErrorKind::Unsupported,
        std::format("This model {} than graphics cards compute: choose the processor.", what));
}

} // namespace

Expected<void> checkCardShapes(const ModelConfig& config) {
    const auto computes = [](int headDim) {
        return headDim % kHeadDimStep == 0 && headDim <= kMostHeadDim;
    };
    if (!std::ranges::all_of(config.layers, computes, &LayerConfig::headDim)
        || (config.visionTower && !computes(config.visionTower->headDim)))
        return refuse("has attention heads of other sizes");
    if (config.experts && config.experts->count > kMostExperts)
        return refuse("has more experts");
    if (config.experts
        && (config.hidden > kMostRoutedWidth
            || std::int64_t{config.experts->topK} * config.experts->width > kMostRoutedWidth))
        return refuse("has wider experts");
    if (config.slidingWindow > kLongestWindow)
        return refuse("has a longer attention window");
    if (config.maxContextTokens > kLongestContext)
        return refuse("has a longer context");
    return {};
}

} // namespace lapidary::engine
