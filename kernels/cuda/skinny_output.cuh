#pragma once

// What the sums of a skinny product become.
#include "cuda/skinny_input.cuh"

namespace lapidary::kernels::cuda {

enum class SkinnyOutput : std::uint8_t { Halves, Logits, Gated };

/// The scales of a warp's channels, lane = channel of the tile; asked for long before they are
/// used.
template <ProductFormat kFormat, SkinnyOutput kOutput>
__device__ float channelScale(const SkinnyLaunch& launch, int tile) {
    if (kFormat == ProductFormat::Plain || tile >= launch.tiles)
        return 1;
    const SkinnyProduct& p = launch.product;
    const int lane = threadIdx.x % 32;
    const float* scales = p.segments[0].scales;
    int channel = tile * 16 + lane % 16;
    int channels = p.segments[0].channels;
    if constexpr (kOutput == SkinnyOutput::Gated) {
        if (lane >= 16)
            scales = p.segments[1].scales;
    } else {
        const int at = segmentOf(launch, tile);
        scales = p.segments[at].scales;
        channel = (tile - launch.tilesBefore[at]) * kTileChannels + lane;
        channels = p.segments[at].channels;
    }
    return channel < channels ? scales[channel] : 1.0F;
}

/// The end of a row of a tile; all lanes of a warp, lane = channel of the tile.
///   scale    of the channel and the row
///   largest  of the rows that the block makes; for a gated product
template <SkinnyOutput kOutput>
__device__ void writeRow(const SkinnyLaunch& launch, int tile, int row, float sum, float scale,
                         unsigned* largest) {
    const SkinnyProduct& p = launch.product;
    const int lane = threadIdx.x % 32;
    const float value = sum * scale;
    if constexpr (kOutput == SkinnyOutput::Gated) {
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
    } else {
        const int at = segmentOf(launch, tile);
        const SkinnySegment& segment = p.segments[at];
        const int channel = (tile - launch.tilesBefore[at]) * kTileChannels + lane;
        if (channel >= segment.channels)
            return;
        const int64_t to = int64_t(row) * segment.channels + channel;
        if constexpr (kOutput == SkinnyOutput::Halves)
            static_cast<Bf16*>(segment.y)[to] = toBits(value);
        else
            static_cast<float*>(segment.y)[to] =
                launch.cap > 0 ? launch.cap * tanhf(value / launch.cap) : value;
    }
}

} // namespace lapidary::kernels::cuda
