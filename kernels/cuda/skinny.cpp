#include "cuda/skinny.h"

#include <algorithm>
#include <cstdint>

namespace lapidary::kernels::cuda {

namespace {

int shareOf(int all, int each) {
    return (all + each - 1) / each;
}

} // namespace

std::size_t skinnyPartials(int multiprocessors) {
    return static_cast<std::size_t>(multiprocessors) * kSkinnyRows * kGroupChannels;
}

int stagedRowBytes(const SkinnyLaunch& launch) {
    const int met = std::min(launch.groupSteps, shareOf(launch.steps, launch.blocks));
    const int steps = launch.norm.rows > 0 ? launch.groupSteps : met;
    const bool widened = launch.product.format == ProductFormat::Fp8Weights;
    return steps * kStepPieces * kPieceBytes * (widened ? 2 : 1);
}

cudaError_t makeTensorMap(const SkinnyLaunch& launch, int segment, TensorMap& map) {
    const SkinnySegment& from = launch.product.segments[segment];
    const std::uint64_t sizes[] = {static_cast<std::uint64_t>(launch.rowBytes),
                                   static_cast<std::uint64_t>(from.channels)};
    const std::uint64_t strides[] = {static_cast<std::uint64_t>(launch.rowBytes)};
    const bool gated = launch.output == SkinnyOutput::Gated;
    const std::uint32_t box[] = {kPieceBytes, gated ? kGroupChannels / 2U : kGroupChannels};
    return makeTensorMap(
        TensorBoxes{.tensor = from.w, .sizes = sizes, .strides = strides, .box = box}, map);
}

SkinnyLaunch planSkinny(const SkinnyProduct& product, SkinnyOutput output,
                        const SkinnyWorkspace& workspace) {
    SkinnyLaunch launch{.product = product, .output = output, .partials = workspace.partials};
    launch.rowBytes = product.columns * (product.format == ProductFormat::Plain ? 2 : 1);
    if (output == SkinnyOutput::Gated) {
        launch.groups = shareOf(product.segments[0].channels, kGroupChannels / 2);
    } else {
        for (int s = 0; s < product.segmentCount; ++s) {
            launch.groupsBefore[s] = launch.groups;
            launch.groups += shareOf(product.segments[s].channels, kGroupChannels);
        }
    }
    launch.groupSteps = shareOf(launch.rowBytes, kStepPieces * kPieceBytes);
    launch.steps = launch.groups * launch.groupSteps;
    // A block has at least two steps: fewer would not pay for adding up.
    launch.blocks = std::clamp(launch.steps / 2, 1, workspace.multiprocessors);
    return launch;
}

} // namespace lapidary::kernels::cuda
