#pragma once

// y = W x for 1 to 16 rows: bound by reading W once.
//
// The weights are the A operand of the MMA, the rows of x its eight columns; rows 9 to 16 are a
// second set of columns. So a row's bits never depend on its neighbours, and 1 to 8 rows are the
// same instructions.
//
//   tile    32 channels of a warp: two A operands that share what is read of x. Of a gated product
//           16 channels of gate and the same 16 of up.
//   piece   128 bytes of each channel of a tile, 4 KiB: a step of a warp, which copies it into
//           shared memory for itself and waits for its own copies alone. No weight is rearranged at
//           load, and cuBLASLt reads the same memory in prefill.
//   block   eight warps take a group of eight tiles, step by step at the same columns, so that they
//           share what is staged of x: eight steps at a time, the next eight while these are used.
//   card    at most one block a multiprocessor. The steps of all groups, one after another, are cut
//           into as many equal ranges as there are blocks; where a cut goes through a group, its
//           blocks share the rows and add the sums of all in their order. The cuts depend on the
//           shape and the card alone.
//
// In flight: 8 warps · 3 pieces · 4 KiB = 96 KiB a multiprocessor (an H200 needs about 40), begun
// before the kernel that makes x has ended, and more of what follows on its way into the L2. With
// up to eight rows two such kernels fit side by side on 228 KiB.
#include "cuda/arch/card_limits.h"
#include "cuda/arch/dependent_launch.cuh"
#include "cuda/skinny_merge.cuh"
#include "cuda/skinny_output.cuh"
#include "cuda/skinny_sums.cuh"

#include <algorithm>

namespace lapidary::kernels::cuda {

constexpr int kSkinnyThreads = kSkinnyWarps * 32;

/// Pieces of a warp that are asked for beyond those in shared memory while the kernel before runs.
constexpr int kAhead = 3;

/// Steps whose x is staged at once, a warp a step; fewer where x is large, so that two blocks still
/// have room.
constexpr int stagedSteps(ProductFormat format, int sets) {
    return format == ProductFormat::Fp8Weights || sets == 2 ? 4 : 8;
}

template <ProductFormat kFormat, int kSets, int kDepth>
struct SkinnyShared {
    SkinnyPiece ring[kSkinnyWarps][kDepth];
    SkinnyStage<kFormat, kSets * 8> stages[2][stagedSteps(kFormat, kSets)];
    InputScale scales[kSets * 8]; ///< of the rows of x
    unsigned
        largest[kSets * 8]; ///< of the rows of a gated product: bits, ordered as magnitudes are
};

template <ProductFormat kFormat, SkinnyOutput kOutput, int kSets, int kDepth>
__global__ void __launch_bounds__(kSkinnyThreads, 2)
    skinnyKernel(const __grid_constant__ SkinnyLaunch launch) {
    extern __shared__ uint4 memory[];
    auto& shared = *reinterpret_cast<SkinnyShared<kFormat, kSets, kDepth>*>(memory);
    startDependents();

    const SkinnyProduct& p = launch.product;
    const int warp = threadIdx.x / 32;
    const int pieces = (p.columns + pieceColumns(kFormat) - 1) / pieceColumns(kFormat);
    const int groups = (launch.tiles + kSkinnyWarps - 1) / kSkinnyWarps;
    const int blocks = static_cast<int>(gridDim.x);
    const int total = groups * pieces;
    const SkinnyRange range = SkinnyRange::of(total, static_cast<int>(blockIdx.x), blocks);
    SkinnyCopies<weightBytes(kFormat), kOutput == SkinnyOutput::Gated> copies(launch, range, pieces,
                                                                              shared.ring[warp]);
    for (int slot = 0; slot < kDepth; ++slot)
        copies.next(slot);
    auto later = copies;
    for (int i = 0; i < kAhead; ++i)
        later.prefetch();

    const int firstGroup = range.begin / pieces;
    const int lastGroup = (range.end - 1) / pieces;
    const SkinnyShare firstShare = SkinnyShare::of(firstGroup, pieces, total, blocks);
    const SkinnyShare lastShare = SkinnyShare::of(lastGroup, pieces, total, blocks);
    const auto tileOf = [&](int group) { return group * kSkinnyWarps + warp; };
    const auto scaleOf = [&](int group) {
        return channelScale<kFormat, kOutput>(launch, tileOf(group));
    };
    const float firstScale = scaleOf(firstGroup);
    if (kOutput == SkinnyOutput::Gated && threadIdx.x < kSets * 8)
        shared.largest[threadIdx.x] = 0;

    waitForPrevious();
    constexpr int kStaged = stagedSteps(kFormat, kSets);
    SkinnyInput<kFormat, kSets * 8> input(p);
    const auto fetch = [&](int firstStep) {
        if (warp < kStaged)
            input.fetch((firstStep + warp) % pieces);
    };
    const auto put = [&](int buffer) {
        if (warp < kStaged)
            input.put(shared.stages[buffer][warp], shared.scales);
    };
    fetch(range.begin);
    if constexpr (kFormat == ProductFormat::Fp8) {
        for (int row = warp; row < p.rows; row += kSkinnyWarps) {
            unsigned largest = 0;
            for (int i = threadIdx.x % 32; i < p.pieces; i += 32)
                largest = max(largest, __float_as_uint(p.largest[row * p.pieces + i]));
            largest = __reduce_max_sync(~0U, largest);
            if (threadIdx.x % 32 == 0)
                shared.scales[row] = InputScale::of(__uint_as_float(largest));
        }
        __syncthreads();
    }
    put(0);
    __syncthreads();
    fetch(range.begin + kStaged);

    const auto writeScaled = [&](int group, int row, float sum, float scale) {
        const float rowScale = kFormat == ProductFormat::Fp8 ? shared.scales[row].scale : 1.0F;
        writeRow<kOutput>(launch, tileOf(group), row, sum, rowScale * scale, shared.largest);
    };
    SkinnySums<kFormat, kSets> sums;
    int group = firstGroup;
    float scale = firstScale;
    int left = min(pieces - range.begin % pieces, range.end - range.begin); // steps of the group
    int slot = 0;
    int buffer = 0;
    int staged = 0;
    for (int step = range.begin; step < range.end; ++step) {
        SkinnyPiece& piece = shared.ring[warp][slot];
        waitCopies<kDepth - 1>();
        __syncwarp();
        sums.add(piece, shared.stages[buffer][staged]);
        __syncwarp();
        if (--left == 0) {
            // The piece has been used, and nothing is on its way into its memory yet.
            auto* const rows = reinterpret_cast<float(*)[kTileChannels]>(&piece);
            sums.put(rows);
            __syncwarp();
            const SkinnyShare share = group == firstGroup ? firstShare : lastShare;
            const bool among = (group == firstGroup || group == lastGroup) && share.count > 1;
            float* const place =
                placeOfSums(launch, share, static_cast<int>(blockIdx.x) - share.first);
#pragma unroll 1
            for (int row = 0; row < p.rows && tileOf(group) < launch.tiles; ++row) {
                const float sum = rows[row][sumPlace(row, threadIdx.x % 32)];
                if (among)
                    leaveSum(place + row * kTileChannels, sum);
                else
                    writeScaled(group, row, sum, scale);
            }
            __syncwarp();
            if (++group <= lastGroup)
                scale = scaleOf(group);
            left = min(pieces, range.end - step - 1);
        }
        copies.next(slot);
        slot = slot + 1 == kDepth ? 0 : slot + 1;
        if (staged == kStaged / 2)
            put(buffer ^ 1);
        if (++staged == kStaged) {
            __syncthreads();
            buffer ^= 1;
            staged = 0;
            fetch(step + 1 + kStaged);
        }
    }
    if (firstShare.count > 1 && tileOf(firstGroup) < launch.tiles)
        mergeSums(launch, firstShare,
                  [&](int row, float sum) { writeScaled(firstGroup, row, sum, firstScale); });
    if (lastGroup != firstGroup && lastShare.count > 1 && tileOf(lastGroup) < launch.tiles)
        mergeSums(launch, lastShare,
                  [&](int row, float sum) { writeScaled(lastGroup, row, sum, scale); });
    if constexpr (kOutput == SkinnyOutput::Gated) {
        __syncthreads();
        if (threadIdx.x < p.rows)
            launch.largest[threadIdx.x * gridDim.x + blockIdx.x] =
                __uint_as_float(shared.largest[threadIdx.x]);
    }
}

/// Returns the number of blocks.
template <ProductFormat kFormat, SkinnyOutput kOutput>
int launchSkinny(SkinnyLaunch launch, cudaStream_t stream) {
    constexpr int kColumns = pieceColumns(kFormat);
    launch.tiles = 0;
    if constexpr (kOutput == SkinnyOutput::Gated) {
        launch.tiles = (launch.product.segments[0].channels + 15) / 16;
    } else {
        for (int s = 0; s < launch.product.segmentCount; ++s) {
            launch.tilesBefore[s] = launch.tiles;
            launch.tiles +=
                (launch.product.segments[s].channels + kTileChannels - 1) / kTileChannels;
        }
    }
    // All multiprocessors, so that each takes one block of this kernel and one of the next; but a
    // block has at least two steps: fewer would not pay for adding up.
    const int pieces = (launch.product.columns + kColumns - 1) / kColumns;
    const int groups = (launch.tiles + kSkinnyWarps - 1) / kSkinnyWarps;
    const int blocks = std::clamp(groups * pieces / 2, 1, launch.workspace.multiprocessors);
    const auto run = [&]<int kSets, int kDepth>() {
        const auto kernel = skinnyKernel<kFormat, kOutput, kSets, kDepth>;
        constexpr std::size_t kBytes = sizeof(SkinnyShared<kFormat, kSets, kDepth>);
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
        launchDependent(kernel, dim3(static_cast<unsigned>(blocks)), dim3(kSkinnyThreads), kBytes,
                        stream, launch);
    };
    static_assert(sizeof(SkinnyShared<kFormat, 1, 2>) <= kLeastShared
                  && sizeof(SkinnyShared<kFormat, 2, 2>) <= kLeastShared);
    const auto fits = [&]<int kSets>() {
        return sizeof(SkinnyShared<kFormat, kSets, 3>) <= launch.workspace.sharedBytes;
    };
    if (launch.product.rows > 8)
        fits.template operator()<2>() ? run.template operator()<2, 3>()
                                      : run.template operator()<2, 2>();
    else
        fits.template operator()<1>() ? run.template operator()<1, 3>()
                                      : run.template operator()<1, 2>();
    return blocks;
}

/// One source a format instantiates this.
template <ProductFormat kFormat>
int runSkinny(SkinnyOutput output, const SkinnyLaunch& launch, cudaStream_t stream) {
    switch (output) {
    case SkinnyOutput::Halves:
        return launchSkinny<kFormat, SkinnyOutput::Halves>(launch, stream);
    case SkinnyOutput::Logits:
        return launchSkinny<kFormat, SkinnyOutput::Logits>(launch, stream);
    case SkinnyOutput::Gated:
        return launchSkinny<kFormat, SkinnyOutput::Gated>(launch, stream);
    }
    return 0;
}
extern template int runSkinny<ProductFormat::Plain>(SkinnyOutput, const SkinnyLaunch&,
                                                    cudaStream_t);
extern template int runSkinny<ProductFormat::Fp8>(SkinnyOutput, const SkinnyLaunch&, cudaStream_t);
extern template int runSkinny<ProductFormat::Fp8Weights>(SkinnyOutput, const SkinnyLaunch&,
                                                         cudaStream_t);

} // namespace lapidary::kernels::cuda
