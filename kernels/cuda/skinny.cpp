#include "cuda/skinny.h"

#include <algorithm>

#include <cudaTypedefs.h>
#include <cuda_runtime_api.h>

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

TensorMap tensorMap(const SkinnySegment& segment, int rowBytes) {
    // The driver is not linked: programs start where there is none.
    static const auto encode = [] {
        void* function = nullptr;
        cudaDriverEntryPointQueryResult found{};
        if (cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000,
                                             cudaEnableDefault, &found)
                != cudaSuccess
            || found != cudaDriverEntryPointSuccess)
            function = nullptr;
        return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(function);
    }();
    TensorMap map;
    if (encode == nullptr)
        return map;
    static_assert(sizeof(map) == sizeof(CUtensorMap));
    const cuuint64_t sizes[] = {static_cast<cuuint64_t>(rowBytes),
                                static_cast<cuuint64_t>(segment.channels)};
    const cuuint64_t strides[] = {static_cast<cuuint64_t>(rowBytes)};
    const cuuint32_t box[] = {kPieceBytes, kBoxChannels};
    const cuuint32_t every[] = {1, 1};
    encode(reinterpret_cast<CUtensorMap*>(&map), CU_TENSOR_MAP_DATA_TYPE_UINT8, 2,
           const_cast<void*>(segment.w), sizes, strides, box, every, CU_TENSOR_MAP_INTERLEAVE_NONE,
           CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
           CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    return map;
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
