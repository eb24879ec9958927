#pragma once

// y = W x for 1 to 16 rows: bound by reading W once.
//
// The weights are the A operand of the MMA, the rows of x its eight columns; rows 9 to 16 are a
// second set of columns. So a row's bits never depend on its neighbours, and 1 to 8 rows are the
// same instructions.
//
//   group   128 channels; of a gated product 64 of gate and the same 64 of up
//   step    two pieces of 128 bytes, side by side, of a group's channels: 32 KiB. What is read of a
//           row at once is as long as the memory likes it. No weight is rearranged at load, and
//           cuBLASLt reads the same memory in prefill.
//   block   four of its eight warps take a piece, on cards with products of warpgroups together;
//           the sums of both pieces meet when the group ends, where each warp ends a tile of 16
//           channels. What is needed of x is staged for some steps at a time, the next while these
//           are used.
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

/// The part of a block in a product of the format. `launch` in shared memory.
template <ProductFormat kFormat, int kRows, class Stream, int kRounds>
__device__ void multiplyAs(const SkinnyLaunch& launch, Stream& stream,
                           SkinnyShared<kRounds>& shared) {
    constexpr int kSets = (kRows + 7) / 8; // of rows of a tensor core's operand
    constexpr int kChannels = kRows == 1 ? 1 : 4;
    constexpr int kChunks = SkinnyStage<kFormat>::kChunks * kSets * 8;     // of a piece of x
    constexpr int kStaged = SkinnyShared<kRounds>::kStageChunks / kChunks; // pieces at once
    constexpr int kStagedSteps = kStaged / kStepPieces;
    using Sums = SkinnySums<kFormat, kSets>;
    using Lane = TileLane<kChannels>;
    using Scales = LaneScales<kChannels>;
    constexpr int kTimes = (kRows + Lane::kRows - 1) / Lane::kRows; // that a warp ends rows
    using Input = std::conditional_t<kRows == 1, SkinnyRow<kFormat>, SkinnyRows<kFormat, kRounds>>;
    const SkinnyProduct& p = launch.product;
    const int warp = threadIdx.x / 32;
    const int groupSteps = launch.groupSteps;
    const SkinnyRange range = SkinnyRange::of(launch);
    const int firstGroup = range.begin / groupSteps;
    const int lastGroup = (range.end - 1) / groupSteps;
    // A block leaves its part of the first group to another, or others leave theirs of the last.
    const int block = static_cast<int>(blockIdx.x);
    const bool leaves = SkinnyShare::of(launch, firstGroup).first < block;
    const SkinnyShare lastShare = SkinnyShare::of(launch, lastGroup);
    const bool collects = lastShare.first == block && lastShare.count > 1;
    Scales scales(launch, firstGroup);
    const bool gated = launch.output == SkinnyOutput::Gated;
    const int rows = p.rows;
    if (threadIdx.x < kSkinnyRows)
        shared.largest[threadIdx.x] = 0;
    // A warp takes a piece, or eight rows of it.
    const int own = warp / kSets;
    Input input(p, shared.pieces, warp % kSets * 8);
    int ahead = range.begin + own / kStepPieces; // the step whose x this warp fetches next
    const auto fetch = [&] {
        const bool there = own < kStaged && ahead < range.end;
        input.fetch(there ? ahead % groupSteps * kStepPieces + own % kStepPieces : -1);
        ahead += kStagedSteps;
    };

    inputSync();
    fetch();
    if (kFormat == ProductFormat::Fp8)
        findScales<kSets>(p, shared.scales);
    workerSync();

    // The channel of the group that this lane ends first.
    constexpr int kHalf = kTileChannels / 2;
    const int lane = Lane::channel();
    const int channel = gated ? lane / kHalf * (kGroupChannels / 2) + warp * kHalf + lane % kHalf
                              : warp * kTileChannels + lane;
    Sums sums;
    int group = firstGroup;
    int left = min(groupSteps - range.begin % groupSteps, range.end - range.begin); // of the group
    int at = kStagedSteps; // of the steps that are staged
    int buffer = 1;
#pragma unroll 1
    for (int step = range.begin; step < range.end; ++step) {
        if (at == kStagedSteps) {
            // The other half is free: all have met since it was used.
            buffer ^= 1;
            if (own < kStaged)
                input.put(shared.stages[buffer] + own * kChunks, shared.scales);
            fenceBoxes();
            workerSync();
            // First what is needed first, then all others that there is memory for.
            for (int round = step == range.begin ? Input::kAhead : 1; round > 0; --round)
                fetch();
            at = 0;
        }
        SkinnyStep& weights = stream.await();
        const int piece = at++ * kStepPieces + warp / (kSkinnyWarps / kStepPieces);
        sums.add(weights, shared.stages[buffer] + piece * kChunks);
        if (--left > 0) {
            stream.next();
            continue;
        }
        sums.put(weights);
        fenceBoxes();
        workerSync();
        float ofLane[kTimes][kChannels] = {};
#pragma unroll
        for (int time = 0; time < kTimes; ++time)
            if (const int row = time * Lane::kRows + Lane::row(); row < rows) {
                float second[kChannels];
                Lane::take(ofLane[time], Sums::place(weights, 0, row, channel));
                Lane::take(second, Sums::place(weights, 1, row, channel));
#pragma unroll
                for (int i = 0; i < kChannels; ++i)
                    ofLane[time][i] += second[i];
            }
        stream.next();
        if (collects && group == lastGroup) {
            LeftSums<kChannels, kTimes>(launch, lastShare).add(ofLane);
            __syncwarp();
        }
#pragma unroll
        for (int time = 0; time < kTimes; ++time) {
            if (time * Lane::kRows >= rows)
                break;
            const int row = time * Lane::kRows + Lane::row();
            const bool there = row < rows;
            if (leaves && group == firstGroup) {
                if (there)
                    leaveSums(placeOfSums<kChannels>(launch, block) + row * kTileChannels,
                              ofLane[time]);
                continue;
            }
            const float rowScale =
                kFormat == ProductFormat::Fp8 && there ? shared.scales[row].scale : 1.0F;
            writeRows(launch, group, row, there, ofLane[time], scales, rowScale, shared.largest);
        }
        if (++group <= lastGroup)
            scales = Scales(launch, group);
        left = min(groupSteps, range.end - step - 1);
    }
    if (gated) {
        workerSync();
        if (threadIdx.x < rows)
            launch.largest[threadIdx.x * launch.blocks + blockIdx.x] =
                __uint_as_float(shared.largest[threadIdx.x]);
    }
}

/// The part of a block in a product. `launch` in shared memory.
template <int kRows, class Stream, int kRounds>
__device__ void multiply(const SkinnyLaunch& launch, Stream& stream,
                         SkinnyShared<kRounds>& shared) {
    switch (launch.product.format) {
    case ProductFormat::Plain:
        multiplyAs<ProductFormat::Plain, kRows>(launch, stream, shared);
        break;
    case ProductFormat::Fp8:
        multiplyAs<ProductFormat::Fp8, kRows>(launch, stream, shared);
        break;
    case ProductFormat::Fp8Weights:
        multiplyAs<ProductFormat::Fp8Weights, kRows>(launch, stream, shared);
        break;
    }
}

} // namespace lapidary::kernels::cuda
