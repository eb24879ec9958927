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
//           share what is staged of x: some steps at a time, the next while these are used. On
//           cards with products of warpgroups four of them multiply together.
//   card    one block a multiprocessor. The steps of all groups, one after another, are cut into as
//           many equal ranges as there are blocks; where a cut goes through a group, its blocks
//           share the rows and add the sums of all in their order. The cuts depend on the shape and
//           the card alone.
#include "cuda/skinny_merge.cuh"
#include "cuda/skinny_sums.cuh"
#include "cuda/step_barrier.cuh"

#include <type_traits>

namespace lapidary::kernels::cuda {

/// What a block shares of a product.
///   kRounds  of x on their way
template <int kRounds>
struct SkinnyShared {
    static constexpr int kStageChunks = 512; ///< of x that are staged at once: 8 KiB
    uint4 stages[2][kStageChunks];
    SkinnyPieces<kRounds> pieces;
    InputScale scales[kSkinnyRows]; ///< of the rows of x
    unsigned largest[kSkinnyRows];  ///< of the rows of a gated product: bits, ordered as magnitudes
};

/// Of the rows of x that fall to the warp.
template <int kSets>
__device__ __forceinline__ void findScales(const SkinnyProduct& p, InputScale* scales) {
    const int rows = p.rows;
    const int pieces = p.pieces;
    const float* const from = p.largest;
    const int first = threadIdx.x / 32;
    unsigned largest[kSets] = {};
#pragma unroll 4
    for (int i = threadIdx.x % 32; i < pieces; i += 32)
#pragma unroll
        for (int set = 0; set < kSets; ++set)
            if (const int row = first + set * kSkinnyWarps; row < rows)
                largest[set] = max(largest[set], __float_as_uint(from[row * pieces + i]));
#pragma unroll
    for (int set = 0; set < kSets; ++set) {
        const int row = first + set * kSkinnyWarps;
        const unsigned most = __reduce_max_sync(~0U, largest[set]);
        if (row < rows && threadIdx.x % 32 == 0)
            scales[row] = InputScale::of(__uint_as_float(most));
    }
}

/// The part of a block in a product. `launch` in shared memory.
template <int kRows, class Stream, int kRounds>
__device__ void multiply(const SkinnyLaunch& launch, Stream& stream,
                         SkinnyShared<kRounds>& shared) {
    constexpr int kSets = (kRows + 7) / 8; // of rows of a tensor core's operand
    constexpr int kChannels = kRows == 1 ? 1 : 4;
    using Lane = TileLane<kChannels>;
    using Scales = LaneScales<kChannels>;
    using Input = std::conditional_t<kRows == 1, SkinnyRow, SkinnyRows<kRounds>>;
    const SkinnyProduct& p = launch.product;
    const ProductFormat format = p.format;
    const int warp = threadIdx.x / 32;
    const int pieces = launch.pieces;
    const int chunks = stageChunks(format, kSets * 8);               // of a step
    const int staged = SkinnyShared<kRounds>::kStageChunks / chunks; // steps at once
    const SkinnyRange range = SkinnyRange::of(launch);
    const int firstGroup = range.begin / pieces;
    const int lastGroup = (range.end - 1) / pieces;
    const SkinnyShare firstShare = SkinnyShare::of(launch, firstGroup);
    const SkinnyShare lastShare = SkinnyShare::of(launch, lastGroup);
    const auto tileOf = [&](int group) { return group * kSkinnyWarps + warp; };
    const Scales firstScales(launch, tileOf(firstGroup));
    const bool gated = launch.output == SkinnyOutput::Gated;
    const int rows = p.rows;
    const int tiles = launch.tiles;
    if (threadIdx.x < kSkinnyRows)
        shared.largest[threadIdx.x] = 0;
    // A warp takes a step, or eight rows of it.
    const int own = warp / kSets;
    Input input(p, shared.pieces, warp % kSets * 8);
    int ahead = range.begin + own; // the step whose x this warp fetches next
    const auto fetch = [&] {
        input.fetch(own < staged && ahead < range.end ? ahead % pieces : -1);
        ahead += staged;
    };

    inputSync();
    fetch();
    if (format == ProductFormat::Fp8)
        findScales<kSets>(p, shared.scales);
    workerSync();

    const auto writeScaled = [&](int group, int row, bool there, const float(&sums)[kChannels],
                                 const Scales& scales) {
        const float rowScale =
            format == ProductFormat::Fp8 && there ? shared.scales[row].scale : 1.0F;
        writeRows(launch, tileOf(group), row, there, sums, scales, rowScale, shared.largest);
    };
    const int first = firstOfTile(gated); // channel of a step
    SkinnySums<kSets> sums;
    int group = firstGroup;
    Scales scales = firstScales;
    int left = min(pieces - range.begin % pieces, range.end - range.begin); // steps of the group
    int at = staged; // of the steps that are staged
    int buffer = 1;
#pragma unroll 1
    for (int step = range.begin; step < range.end; ++step) {
        if (at == staged) {
            // The other half is free: all have met since it was used.
            buffer ^= 1;
            if (own < staged)
                input.put(shared.stages[buffer] + own * chunks, shared.scales);
            fenceBoxes();
            workerSync();
            // First what is needed first, then all others that there is memory for.
            for (int round = step == range.begin ? Input::kAhead : 1; round > 0; --round)
                fetch();
            at = 0;
        }
        SkinnyStep& weights = stream.await();
        const uint4* const stage = shared.stages[buffer] + at++ * chunks;
        if (format == ProductFormat::Plain)
            sums.template add<ProductFormat::Plain>(weights, gated, stage);
        else if (format == ProductFormat::Fp8)
            sums.template add<ProductFormat::Fp8>(weights, gated, stage);
        else
            sums.template add<ProductFormat::Fp8Weights>(weights, gated, stage);
        __syncwarp();
        if (--left == 0) {
            // The warp has used its weights and has not given them back.
            auto* const found = reinterpret_cast<float(*)[kTileChannels]>(weights.chunks[first]);
            sums.put(found, SkinnySums<kSets>::alternates(format, gated));
            __syncwarp();
            const SkinnyShare share = group == firstGroup ? firstShare : lastShare;
            const bool among = (group == firstGroup || group == lastGroup) && share.count > 1;
            unsigned* const place =
                placeOfSums<kChannels>(launch, share, static_cast<int>(blockIdx.x) - share.first);
            const int written = tileOf(group) < tiles ? rows : 0;
#pragma unroll 1
            for (int begin = 0; begin < written; begin += Lane::kRows) {
                const int row = begin + Lane::row();
                float ofLane[kChannels];
                Lane::take(ofLane, &found[row][sumPlace(row, Lane::channel())]);
                if (!among)
                    writeScaled(group, row, row < rows, ofLane, scales);
                else if (row < rows)
                    leaveSums(place + row * kTileChannels, ofLane);
            }
            fenceBoxes();
            __syncwarp();
            if (++group <= lastGroup)
                scales = Scales(launch, tileOf(group));
            left = min(pieces, range.end - step - 1);
        }
        stream.next();
    }
#pragma unroll 1
    for (int end = firstGroup == lastGroup ? 1 : 0; end < 2; ++end) {
        const int merged = end == 0 ? firstGroup : lastGroup;
        const SkinnyShare share = end == 0 ? firstShare : lastShare;
        const Scales ofChannels = end == 0 ? firstScales : scales;
        if (share.count > 1 && tileOf(merged) < tiles)
            mergeSums<kChannels>(launch, share,
                                 [&](int row, bool there, const float(&found)[kChannels]) {
                                     writeScaled(merged, row, there, found, ofChannels);
                                 });
    }
    if (gated) {
        workerSync();
        if (threadIdx.x < rows)
            launch.largest[threadIdx.x * launch.blocks + blockIdx.x] =
                __uint_as_float(shared.largest[threadIdx.x]);
    }
}

} // namespace lapidary::kernels::cuda
