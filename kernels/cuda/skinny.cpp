#include "cuda/skinny.h"

#include <algorithm>
#include <cstdint>

namespace lapidary::kernels::cuda {

namespace {

int shareOf(int all, int each) {
    return (all + each - 1) / each;
}

} // namespace

// Two slots a block, one for each end of its range.
std::size_t skinnyPartials(int multiprocessors) {
    return std::size_t{2} * static_cast<std::size_t>(multiprocessors) * kSkinnyRows * kTileChannels
           * kSkinnyWarps;
}

cudaError_t makeTensorMap(const SkinnySegment& segment, int rowBytes, TensorMap& map) {
    const std::uint64_t sizes[] = {static_cast<std::uint64_t>(rowBytes),
                                   static_cast<std::uint64_t>(segment.channels)};
    const std::uint64_t strides[] = {static_cast<std::uint64_t>(rowBytes)};
    const std::uint32_t box[] = {kPieceBytes, kBoxChannels};
    return makeTensorMap(
        TensorBoxes{.tensor = segment.w, .sizes = sizes, .strides = strides, .box = box}, map);
}

SkinnyLaunch planSkinny(const SkinnyProduct& product, SkinnyOutput output,
                        const SkinnyWorkspace& workspace) {
    SkinnyLaunch launch{.product = product, .output = output, .partials = workspace.partials};
    launch.rowBytes = product.columns * (product.format == ProductFormat::Plain ? 2 : 1);
    launch.pieces = shareOf(launch.rowBytes, kPieceBytes);
    if (output == SkinnyOutput::Gated) {
        launch.tiles = shareOf(product.segments[0].channels, kTileChannels / 2);
    } else {
        for (int s = 0; s < product.segmentCount; ++s) {
            launch.tilesBefore[s] = launch.tiles;
            launch.tiles += shareOf(product.segments[s].channels, kBoxChannels)
                            * (kBoxChannels / kTileChannels);
        }
    }
    launch.steps = shareOf(launch.tiles, kSkinnyWarps) * launch.pieces;
    // A block has at least two steps: fewer would not pay for adding up.
    launch.blocks = std::clamp(launch.steps / 2, 1, workspace.multiprocessors);
    return launch;
}

} // namespace lapidary::kernels::cuda
