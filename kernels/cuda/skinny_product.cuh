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
//   block   four of its eight warps take every other step, on cards with products of warpgroups
//           together; the sums of both meet when the group ends, where each warp ends a tile of 16
//           channels. What is needed of x is staged for some steps at a time, the next while these
//           are used; of a single row all that the block's steps meet.
//   card    one block a multiprocessor. The steps of all groups, one after another, are cut into as
//           many equal ranges as there are blocks; where a cut goes through a group, its blocks
//           share the rows and add the sums of all in their order. The cuts depend on the shape and
//           the card alone.
#include "cuda/skinny_merge.cuh"
#include "cuda/skinny_row.cuh"
#include "cuda/skinny_sums.cuh"

namespace lapidary::kernels::cuda {

/// The part of a block in a product of the format.
template <ProductFormat kFormat, int kRows, class Stream, class Shared>
__device__ __forceinline__ void multiplyAs(const SkinnyLaunch& launch, const SkinnyPart& part,
                                           Stream& stream, Shared& shared, Bf16* residual,
                                           const PhaseMeeting& meeting) {
    constexpr int kSets = (kRows + 7) / 8; // of rows of a tensor core's operand
    constexpr int kChannels = kRows == 1 ? 1 : 4;
    using Sums = SkinnySums<kFormat, kSets, kRows == 1>;
    using Lane = TileLane<kChannels>;
    using Scales = LaneScales<kChannels>;
    constexpr int kTimes = (kRows + Lane::kRows - 1) / Lane::kRows; // that a warp ends rows
    using Input = SkinnyInput<kFormat, kRows, Shared>;
    const SkinnyProduct& p = launch.product;
    const int warp = threadIdx.x / 32;
    const int groupSteps = launch.groupSteps;
    meeting.enter();
    const SkinnyRange range = part.range;
    const int firstGroup = part.firstGroup;
    const int lastGroup = part.lastGroup;
    const bool leaves = part.leaves;
    const bool collects = part.collects;
    Scales scales(launch, firstGroup);
    const bool gated = launch.output == SkinnyOutput::Gated;
    const int rows = p.rows;
    if (threadIdx.x < kRows)
        shared.largest[threadIdx.x] = 0;
    Input input(launch, part, shared);
    input.begin(residual);
    stream.say(false);

    // The channel of the group that this lane ends first.
    constexpr int kHalf = kTileChannels / 2;
    const int lane = Lane::channel();
    const int channel = gated ? lane / kHalf * (kGroupChannels / 2) + warp * kHalf + lane % kHalf
                              : warp * kTileChannels + lane;
    Sums sums;
    int step = range.begin;
#pragma unroll 1
    for (int group = firstGroup; group <= lastGroup; ++group) {
        const int last = min((group + 1) * groupSteps, range.end) - 1; // of the group
#pragma unroll 1
        for (;; ++step) {
            const uint32_t x = input.stage();
            const SkinnyStep& weights = stream.await();
            if (Sums::takes(step))
                sums.add(weights, x, Input::kPieceChunks);
            if (step == last)
                break;
            stream.next();
        }
        ++step;
        SkinnyStep& weights = stream.await(); // that were the last
        workerSync();
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
            LeftSums<kChannels, kTimes>(launch, part.share).add(ofLane);
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
                    leaveSums(placeOfSums<kChannels>(launch, static_cast<int>(blockIdx.x))
                                  + row * kTileChannels,
                              ofLane[time]);
                continue;
            }
            const float rowScale = kFormat == ProductFormat::Fp8 && there ? input.scale(row) : 1.0F;
            writeRows(launch, group, row, there, ofLane[time], scales, rowScale, shared.largest);
        }
        if (group < lastGroup)
            scales = Scales(launch, group + 1);
    }
    if (gated) {
        workerSync();
        if (threadIdx.x < rows)
            handOver(launch.largest + threadIdx.x * launch.blocks + blockIdx.x,
                     __uint_as_float(shared.largest[threadIdx.x]));
    }
}

/// The part of a block in a product. `launch` and `part`, which is there once the workers have
/// entered, in shared memory.
///   residual  of one row, where the product norms its x
template <int kRows, class Stream, class Shared>
__device__ __forceinline__ void multiply(const SkinnyLaunch& launch, const SkinnyPart& part,
                                         Stream& stream, Shared& shared, Bf16* residual,
                                         const PhaseMeeting& meeting) {
    switch (launch.product.format) {
    case ProductFormat::Plain:
        multiplyAs<ProductFormat::Plain, kRows>(launch, part, stream, shared, residual, meeting);
        break;
    case ProductFormat::Fp8:
        multiplyAs<ProductFormat::Fp8, kRows>(launch, part, stream, shared, residual, meeting);
        break;
    case ProductFormat::Fp8Weights:
        multiplyAs<ProductFormat::Fp8Weights, kRows>(launch, part, stream, shared, residual,
                                                     meeting);
        break;
    }
}

} // namespace lapidary::kernels::cuda
