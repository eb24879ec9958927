#pragma once

// What the sums of a skinny product become.
#include "cuda/hand_over.cuh"
#include "cuda/skinny_input.cuh"

namespace lapidary::kernels::cuda {

/// What a lane ends of a tile's rows: some channels of one row of those that a warp ends at once. A
/// tile of a gated product is 8 channels of gate and the same 8 of up.
///   kChannels  1: two rows at once; 4: eight, which costs a single row more than it takes
template <int kChannels>
struct TileLane {
    static_assert(kChannels == 1 || kChannels == 4);
    static constexpr int kLanes = kTileChannels / kChannels; ///< of a row
    static constexpr int kRows = 32 / kLanes;

    __device__ static int row() { return static_cast<int>(threadIdx.x % 32 / kLanes); }
    __device__ static int channel() {
        return static_cast<int>(threadIdx.x % kLanes * kChannels); // of the tile
    }
    /// From memory that is aligned for all at once.
    __device__ static void take(float (&numbers)[kChannels], const float* from) {
        if constexpr (kChannels == 4) {
            const float4 four = *reinterpret_cast<const float4*>(from);
            numbers[0] = four.x;
            numbers[1] = four.y;
            numbers[2] = four.z;
            numbers[3] = four.w;
        } else {
            numbers[0] = *from;
        }
    }
};

/// Where a lane's channels are in the matrices of a product.
template <int kChannels>
struct LaneChannels {
    int segment;
    int first; ///< those from `channels` on are not there
    int channels;

    __device__ LaneChannels(const SkinnyLaunch& launch, int group) {
        const int warp = threadIdx.x / 32;
        const int channel = TileLane<kChannels>::channel();
        if (launch.output == SkinnyOutput::Gated) {
            constexpr int kHalf = kTileChannels / 2;
            segment = channel / kHalf;
            first = group * (kGroupChannels / 2) + warp * kHalf + channel % kHalf;
        } else {
            segment = segmentOf(launch, group);
            first = (group - launch.groupsBefore[segment]) * kGroupChannels + warp * kTileChannels
                    + channel;
        }
        channels = launch.product.segments[segment].channels;
    }
};

/// Their scales, asked for long before they are used.
template <int kChannels>
struct LaneScales {
    float of[kChannels];

    __device__ LaneScales(const SkinnyLaunch& launch, int group) {
#pragma unroll
        for (int i = 0; i < kChannels; ++i)
            of[i] = 1;
        if (launch.product.format == ProductFormat::Plain || group >= launch.groups)
            return;
        const LaneChannels<kChannels> at(launch, group);
        const float* const scales = launch.product.segments[at.segment].scales;
#pragma unroll
        for (int i = 0; i < kChannels; ++i)
            if (at.first + i < at.channels)
                of[i] = scales[at.first + i];
    }
};

/// Numbers of a row of `channels`, from `to` on; `left` of them are there.
template <class T, int kCount>
__device__ __forceinline__ void storeChannels(T* to, const T (&numbers)[kCount], int channels,
                                              int left) {
    struct alignas(kCount * sizeof(T)) All {
        T of[kCount];
    };
    if (channels % kCount == 0) {
        All all;
#pragma unroll
        for (int i = 0; i < kCount; ++i)
            all.of[i] = numbers[i];
        if (left > 0)
            *reinterpret_cast<All*>(to) = all;
        return;
    }
#pragma unroll
    for (int i = 0; i < kCount; ++i)
        if (i < left)
            to[i] = numbers[i];
}

/// The same for the next phase; channels are a multiple of kCount.
template <int kCount>
__device__ __forceinline__ void handChannels(const SkinnySegment& segment, int64_t at,
                                             const Bf16 (&numbers)[kCount], int left) {
    if (segment.handed != nullptr && left > 0)
        handOver(segment.handed + at, numbers);
}

/// The end of rows of a tile; all lanes of a warp.
///   row       of this lane
///   there     whether there is such a row
///   rowScale  of the row
///   largest   of the rows that the block makes; for a gated product
template <int kChannels>
__device__ __forceinline__ void writeRows(const SkinnyLaunch& launch, int group, int row,
                                          bool there, const float (&sums)[kChannels],
                                          const LaneScales<kChannels>& scales, float rowScale,
                                          unsigned* largest) {
    using Lane = TileLane<kChannels>;
    const LaneChannels<kChannels> to(launch, group);
    const SkinnyOutput output = launch.output;
    const SkinnySegment& segment = launch.product.segments[to.segment];
    const int64_t at = int64_t(row) * to.channels + to.first;
    const int left = there ? to.channels - to.first : 0;
    float value[kChannels];
#pragma unroll
    for (int i = 0; i < kChannels; ++i)
        value[i] = sums[i] * (rowScale * scales.of[i]);

    if (output == SkinnyOutput::Logits) {
        const float cap = launch.cap;
        if (cap > 0)
#pragma unroll
            for (int i = 0; i < kChannels; ++i)
                value[i] = cap * tanhf(value[i] / cap);
        storeChannels(static_cast<float*>(segment.y) + at, value, to.channels, left);
        return;
    }
    Bf16 bits[kChannels];
#pragma unroll
    for (int i = 0; i < kChannels; ++i)
        bits[i] = toBits(value[i]);
    if (output == SkinnyOutput::Gated) {
        const bool gate = Lane::channel() < kTileChannels / 2;
        unsigned magnitude = 0;
#pragma unroll
        for (int i = 0; i < kChannels; ++i) {
            const float up = __shfl_down_sync(~0U, value[i], Lane::kLanes / 2);
            // As if gate and up had been stored: the processor's steps round there too.
            bits[i] = toBits(gelu(toFloat(bits[i])) * toFloat(toBits(up)));
            if (gate && i < left)
                magnitude = max(magnitude, __float_as_uint(fabsf(toFloat(bits[i]))));
        }
        const SkinnySegment& made = launch.product.segments[0];
        storeChannels(static_cast<Bf16*>(made.y) + at, bits, to.channels, gate ? left : 0);
        handChannels(made, at, bits, gate ? left : 0);
#pragma unroll
        for (int lanes = 1; lanes < Lane::kLanes / 2; lanes *= 2)
            magnitude = max(magnitude, __shfl_xor_sync(~0U, magnitude, lanes));
        if (Lane::channel() == 0 && there)
            atomicMax(&largest[row], magnitude);
        return;
    }
    if (output == SkinnyOutput::Gate)
#pragma unroll
        for (int i = 0; i < kChannels; ++i)
            if (i < left)
                bits[i] = gatedElement(bits[i], launch.factor[at + i]);
    storeChannels(static_cast<Bf16*>(segment.y) + at, bits, to.channels, left);
    handChannels(segment, at, bits, left);
}

} // namespace lapidary::kernels::cuda
