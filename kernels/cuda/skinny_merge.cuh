#pragma once

// The sums of a group of tiles that several blocks compute. Each block leaves those of its part in
// memory and goes on; when it has no more to compute it merges its share of the rows, waiting for
// the parts of the others, which all run at the same time. A place that holds kNothing waits for
// its sum: no counters and no fences, and a sum is seen one way to the L2 and back after it was
// written.
#include "cuda/weight_stream.cuh"

namespace lapidary::kernels::cuda {

/// The blocks that compute a group, found before there is anything to wait for.
struct SkinnyShare {
    int first = 0;          ///< of the blocks
    int count = 1;          ///< of them
    bool firstEnds = false; ///< the first block has another group before this one

    __device__ __noinline__ static SkinnyShare of(const SkinnyLaunch& launch, int group) {
        SkinnyShare share;
        const int before = group * launch.pieces;
        const int last = before + launch.pieces - 1;
        share.first = SkinnyRange::blockOf(before, launch.steps, launch.blocks);
        share.count = SkinnyRange::blockOf(last, launch.steps, launch.blocks) - share.first + 1;
        share.firstEnds = SkinnyRange::beginOf(launch.steps, share.first, launch.blocks) < before;
        return share;
    }
};

constexpr unsigned kNothing = ~0U; // a NaN that no addition makes

__device__ __forceinline__ void leaveSum(float* to, float sum) {
    leaveAt(reinterpret_cast<unsigned*>(to), __float_as_uint(sum));
}
__device__ __forceinline__ unsigned lookForSum(const float* from) {
    return lookAt(reinterpret_cast<const unsigned*>(from));
}

/// Where block first + other leaves the sums of the calling warp and lane, [rows][32]. All blocks
/// but the first begin within the group: what they have of it is their first; the first has it as
/// its last unless it begins with it.
__device__ __forceinline__ float* placeOfSums(const SkinnyLaunch& launch, const SkinnyShare& share,
                                              int other) {
    const int end = other == 0 && share.firstEnds ? 1 : 0;
    return launch.partials
           + ((2 * (share.first + other) + end) * kSkinnyWarps + threadIdx.x / 32) * 16
                 * kTileChannels
           + threadIdx.x % 32;
}

/// Adds the sums of the blocks in their order, of the rows that fall to this block.
///   write  takes a row and its sum
template <class Write>
__device__ void mergeSums(const SkinnyLaunch& launch, const SkinnyShare& share,
                          const Write& write) {
    constexpr int kBlocks = 12; // whose sums are asked for at once
#pragma unroll 1
    for (int row = static_cast<int>(blockIdx.x) - share.first; row < launch.product.rows;
         row += share.count) {
        float sum = 0;
#pragma unroll 1
        for (int begin = 0; begin < share.count; begin += kBlocks) {
            unsigned part[kBlocks];
            bool missing = true;
            while (missing) {
                missing = false;
#pragma unroll
                for (int b = 0; b < kBlocks; ++b)
                    part[b] = begin + b < share.count
                                  ? lookForSum(placeOfSums(launch, share, begin + b)
                                               + row * kTileChannels)
                                  : 0U;
#pragma unroll
                for (int b = 0; b < kBlocks; ++b)
                    missing |= part[b] == kNothing;
            }
#pragma unroll
            for (int b = 0; b < kBlocks; ++b) {
                sum += __uint_as_float(part[b]);
                if (begin + b < share.count)
                    leaveSum(placeOfSums(launch, share, begin + b) + row * kTileChannels,
                             __uint_as_float(kNothing));
            }
        }
        __syncwarp();
        write(row, sum);
    }
}

} // namespace lapidary::kernels::cuda
