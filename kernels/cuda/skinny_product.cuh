#pragma once

// y = W x for 1 to 16 rows: bound by reading W once.
//
// The weights are the A operand of the MMA, the rows of x its eight columns; rows 9 to 16 are a
// second set of columns. So a row's bits never depend on its neighbours, and 1 to 8 rows are the
// same instructions.
//
//   tile    32 channels of a warp: two A operands that share what is read of x. Of a gated product
//           16 channels of gate and the same 16 of up.
//   piece   128 bytes of each channel of a tile, 4 KiB: a step of a warp. No weight is rearranged
//           at load, and cuBLASLt reads the same memory in prefill.
//   block   eight warps take a group of eight tiles, step by step at the same columns, so that they
//           share what is staged of x: some steps at a time, the next while these are used.
//   card    one block a multiprocessor. The steps of all groups, one after another, are cut into as
//           many equal ranges as there are blocks; where a cut goes through a group, its blocks
//           share the rows and add the sums of all in their order. The cuts depend on the shape and
//           the card alone.
#include "cuda/skinny_merge.cuh"
#include "cuda/skinny_output.cuh"
#include "cuda/skinny_sums.cuh"
#include "cuda/step_barrier.cuh"

namespace lapidary::kernels::cuda {

/// What a block shares of a product.
struct SkinnyShared {
    static constexpr int kStageChunks = 512; ///< of x that are staged at once: 8 KiB
    uint4 stages[2][kStageChunks];
    InputScale scales[kSkinnyRows]; ///< of the rows of x
    unsigned largest[kSkinnyRows];  ///< of the rows of a gated product: bits, ordered as magnitudes
};

/// The part of a block in a product. `launch` in shared memory.
template <int kRows, class Stream>
__device__ void multiply(const SkinnyLaunch& launch, Stream& stream, SkinnyShared& shared) {
    constexpr int kSets = (kRows + 7) / 8; // of rows of a tensor core's operand
    const SkinnyProduct& p = launch.product;
    const ProductFormat format = p.format;
    const int warp = threadIdx.x / 32;
    const int pieces = launch.pieces;
    const int chunks = stageChunks(format, kSets * 8);      // of a step
    const int staged = SkinnyShared::kStageChunks / chunks; // steps at once
    const SkinnyRange range = SkinnyRange::of(launch);
    const int firstGroup = range.begin / pieces;
    const int lastGroup = (range.end - 1) / pieces;
    const SkinnyShare firstShare = SkinnyShare::of(launch, firstGroup);
    const SkinnyShare lastShare = SkinnyShare::of(launch, lastGroup);
    const auto tileOf = [&](int group) { return group * kSkinnyWarps + warp; };
    const float firstScale = channelScale(launch, tileOf(firstGroup));
    const bool gated = launch.output == SkinnyOutput::Gated;
    if (threadIdx.x < kSkinnyRows)
        shared.largest[threadIdx.x] = 0;

    inputSync();
    // A warp takes a step, or eight rows of it.
    const int own = warp / kSets;
    SkinnyInput<(kRows < 8 ? kRows : 8)> input(p, warp % kSets * 8);
    int ahead = range.begin + own; // the step whose x this warp has fetched
    if (own < staged)
        input.fetch(ahead % pieces);
    if (format == ProductFormat::Fp8)
#pragma unroll 1
        for (int row = warp; row < p.rows; row += kSkinnyWarps) {
            unsigned largest = 0;
            for (int i = threadIdx.x % 32; i < p.pieces; i += 32)
                largest = max(largest, __float_as_uint(p.largest[row * p.pieces + i]));
            largest = __reduce_max_sync(~0U, largest);
            if (threadIdx.x % 32 == 0)
                shared.scales[row] = InputScale::of(__uint_as_float(largest));
        }
    workerSync();

    const auto writeScaled = [&](int group, int row, float sum, float scale) {
        const float rowScale = format == ProductFormat::Fp8 ? shared.scales[row].scale : 1.0F;
        writeRow(launch, tileOf(group), row, sum, rowScale * scale, shared.largest);
    };
    const int first = warp * (gated ? kTileChannels / 2 : kTileChannels);
    const int second = first + (gated ? kBoxChannels : kTileChannels / 2);
    SkinnySums<kSets> sums;
    int group = firstGroup;
    float scale = firstScale;
    int left = min(pieces - range.begin % pieces, range.end - range.begin); // steps of the group
    int at = staged; // of the steps that are staged
    int buffer = 1;
#pragma unroll 1
    for (int step = range.begin; step < range.end; ++step) {
        if (at == staged) {
            // The other half is free: all have met since it was used.
            buffer ^= 1;
            if (own < staged) {
                input.put(shared.stages[buffer] + own * chunks, shared.scales);
                ahead += staged;
                input.fetch(ahead % pieces);
            }
            workerSync();
            at = 0;
        }
        SkinnyStep& weights = stream.await();
        const uint4* const stage = shared.stages[buffer] + at++ * chunks;
        if (format == ProductFormat::Plain)
            sums.template add<ProductFormat::Plain>(weights, first, second, stage);
        else if (format == ProductFormat::Fp8)
            sums.template add<ProductFormat::Fp8>(weights, first, second, stage);
        else
            sums.template add<ProductFormat::Fp8Weights>(weights, first, second, stage);
        __syncwarp();
        if (--left == 0) {
            // The warp has used its weights and has not given them back.
            auto* const rows = reinterpret_cast<float(*)[kTileChannels]>(weights.chunks[first]);
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
            fenceBoxes();
            __syncwarp();
            if (++group <= lastGroup)
                scale = channelScale(launch, tileOf(group));
            left = min(pieces, range.end - step - 1);
        }
        stream.next();
    }
#pragma unroll 1
    for (int end = firstGroup == lastGroup ? 1 : 0; end < 2; ++end) {
        const int merged = end == 0 ? firstGroup : lastGroup;
        const SkinnyShare share = end == 0 ? firstShare : lastShare;
        const float ofChannel = end == 0 ? firstScale : scale;
        if (share.count > 1 && tileOf(merged) < launch.tiles)
            mergeSums(launch, share,
                      [&](int row, float sum) { writeScaled(merged, row, sum, ofChannel); });
    }
    if (gated) {
        workerSync();
        if (threadIdx.x < p.rows)
            launch.largest[threadIdx.x * launch.blocks + blockIdx.x] =
                __uint_as_float(shared.largest[threadIdx.x]);
    }
}

} // namespace lapidary::kernels::cuda
