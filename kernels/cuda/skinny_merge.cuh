#pragma once

// The sums of a group of tiles that several blocks compute. Each block leaves those of its part in
// memory and goes on; when it has no more to compute it merges its share of the rows, waiting for
// the parts of the others, which all run at the same time. A place that holds kNothing waits for
// its sum: no counters and no fences, and a sum is seen one way to the L2 and back after it was
// written.
#include "cuda/skinny_output.cuh"

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

/// Where block first + other leaves the sums of the calling warp and lane, row 0. All blocks but
/// the first begin within the group: what they have of it is their first; the first has it as its
/// last unless it begins with it.
template <int kChannels>
__device__ __forceinline__ unsigned* placeOfSums(const SkinnyLaunch& launch,
                                                 const SkinnyShare& share, int other) {
    const int end = other == 0 && share.firstEnds ? 1 : 0;
    return reinterpret_cast<unsigned*>(launch.partials)
           + ((2 * (share.first + other) + end) * kSkinnyWarps + threadIdx.x / 32) * kSkinnyRows
                 * kTileChannels
           + TileLane<kChannels>::channel();
}

template <int kChannels>
__device__ __forceinline__ void leaveSums(unsigned* to, const float (&sums)[kChannels]) {
    unsigned bits[kChannels];
#pragma unroll
    for (int i = 0; i < kChannels; ++i)
        bits[i] = __float_as_uint(sums[i]);
    leaveAt(to, bits);
}

/// Adds the sums of the blocks in their order, of the rows that fall to this block: every
/// `count`-th.
///   write  takes a row, whether it is there and a lane's sums; all lanes of a warp
template <int kChannels, class Write>
__device__ void mergeSums(const SkinnyLaunch& launch, const SkinnyShare& share,
                          const Write& write) {
    constexpr int kBlocks = 12; // whose sums are asked for at once
    constexpr int kBetween = 2 * kSkinnyWarps * static_cast<int>(kSkinnyRows) * kTileChannels;
    constexpr int kRows = TileLane<kChannels>::kRows;
    const int rows = launch.product.rows;
    const int count = share.count;
    unsigned* const first = placeOfSums<kChannels>(launch, share, 0);
    unsigned* const second = placeOfSums<kChannels>(launch, share, 1);
    unsigned nothing[kChannels];
#pragma unroll
    for (int i = 0; i < kChannels; ++i)
        nothing[i] = kNothing;
#pragma unroll 1
    for (int begin = static_cast<int>(blockIdx.x) - share.first; begin < rows;
         begin += kRows * count) {
        const int row = begin + TileLane<kChannels>::row() * count;
        const bool there = row < rows;
        float sums[kChannels] = {};
#pragma unroll 1
        for (int done = 0; done < count; done += kBlocks) {
            const auto place = [&](int b) {
                unsigned* const block =
                    done + b == 0 ? first : second + int64_t(done + b - 1) * kBetween;
                return block + row * kTileChannels;
            };
            unsigned part[kBlocks][kChannels];
            bool missing = true;
            while (missing) {
                missing = false;
#pragma unroll
                for (int b = 0; b < kBlocks; ++b)
                    if (there && done + b < count)
                        lookAt(place(b), part[b]);
                    else
#pragma unroll
                        for (int i = 0; i < kChannels; ++i)
                            part[b][i] = 0;
#pragma unroll
                for (int b = 0; b < kBlocks; ++b)
#pragma unroll
                    for (int i = 0; i < kChannels; ++i)
                        missing |= part[b][i] == kNothing;
            }
#pragma unroll
            for (int b = 0; b < kBlocks; ++b) {
#pragma unroll
                for (int i = 0; i < kChannels; ++i)
                    sums[i] += __uint_as_float(part[b][i]);
                if (there && done + b < count)
                    leaveAt(place(b), nothing);
            }
        }
        __syncwarp();
        write(row, there, sums);
    }
}

} // namespace lapidary::kernels::cuda
