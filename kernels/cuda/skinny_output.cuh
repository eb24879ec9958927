#pragma once

// What the sums of a skinny product become.
#include "cuda/skinny_input.cuh"

namespace lapidary::kernels::cuda {

/// The scales of a warp's channels, lane = channel of the tile; asked for long before they are
/// used.
__device__ __forceinline__ float channelScale(const SkinnyLaunch& launch, int tile) {
    const SkinnyProduct& p = launch.product;
    if (p.format == ProductFormat::Plain || tile >= launch.tiles)
        return 1;
    const int lane = threadIdx.x % 32;
    const bool gated = launch.output == SkinnyOutput::Gated;
    const int at = gated ? lane / 16 : segmentOf(launch, tile);
    const int channel =
        gated ? tile * 16 + lane % 16 : (tile - launch.tilesBefore[at]) * kTileChannels + lane;
    return channel < p.segments[at].channels ? p.segments[at].scales[channel] : 1.0F;
}

/// The end of a row of a tile; all lanes of a warp, lane = channel of the tile.
///   scale    of the channel and the row
///   largest  of the rows that the block makes; for a gated product
__device__ __forceinline__ void writeRow(const SkinnyLaunch& launch, int tile, int row, float sum,
                                         float scale, unsigned* largest) {
    const SkinnyProduct& p = launch.product;
    const int lane = threadIdx.x % 32;
    const float value = sum * scale;
    if (launch.output == SkinnyOutput::Gated) {
        const int channel = tile * 16 + lane % 16;
        const int channels = p.segments[0].channels;
        const float up = __shfl_down_sync(~0U, value, 16);
        // As if gate and up had been stored: the processor's steps round there too.
        const Bf16 bits = toBits(gelu(toFloat(toBits(value))) * toFloat(toBits(up)));
        const bool writes = lane < 16 && channel < channels;
        if (writes)
            static_cast<Bf16*>(p.segments[0].y)[int64_t(row) * channels + channel] = bits;
        const unsigned magnitude =
            __reduce_max_sync(~0U, writes ? __float_as_uint(fabsf(toFloat(bits))) : 0U);
        if (lane == 0)
            atomicMax(&largest[row], magnitude);
        return;
    }
    const int at = segmentOf(launch, tile);
    const SkinnySegment& segment = p.segments[at];
    const int channel = (tile - launch.tilesBefore[at]) * kTileChannels + lane;
    if (channel >= segment.channels)
        return;
    const int64_t to = int64_t(row) * segment.channels + channel;
    if (launch.output == SkinnyOutput::Halves)
        static_cast<Bf16*>(segment.y)[to] = toBits(value);
    else if (launch.output == SkinnyOutput::Gate)
        static_cast<Bf16*>(segment.y)[to] = gatedElement(toBits(value), launch.factor[to]);
    else
        static_cast<float*>(segment.y)[to] =
            launch.cap > 0 ? launch.cap * tanhf(value / launch.cap) : value;
}

} // namespace lapidary::kernels::cuda
