#pragma once

// What falls to a block of a skinny product. The ninth warp finds it before the workers come to it.
#include "cuda/weight_stream.cuh"

namespace lapidary::kernels::cuda {

/// The blocks that compute a group.
struct SkinnyShare {
    int first = 0; ///< of the blocks
    int count = 1; ///< of them

    __device__ static SkinnyShare of(const SkinnyLaunch& launch, int group) {
        SkinnyShare share;
        const int before = group * launch.groupSteps;
        const int last = before + launch.groupSteps - 1;
        share.first = SkinnyRange::blockOf(before, launch.steps, launch.blocks);
        share.count = SkinnyRange::blockOf(last, launch.steps, launch.blocks) - share.first + 1;
        return share;
    }
};

/// What falls to a block of a product.
struct SkinnyPart {
    SkinnyRange range;
    int firstGroup, lastGroup;
    bool leaves;       ///< its part of the first group to another
    bool collects;     ///< what others leave of the last
    SkinnyShare share; ///< of the last

    __device__ static SkinnyPart of(const SkinnyLaunch& launch) {
        const int block = static_cast<int>(blockIdx.x);
        SkinnyPart part{};
        part.range = SkinnyRange::of(launch);
        part.firstGroup = part.range.begin / launch.groupSteps;
        part.lastGroup = (part.range.end - 1) / launch.groupSteps;
        part.leaves = SkinnyShare::of(launch, part.firstGroup).first < block;
        part.share = SkinnyShare::of(launch, part.lastGroup);
        part.collects = part.share.first == block && part.share.count > 1;
        return part;
    }
};

} // namespace lapidary::kernels::cuda
