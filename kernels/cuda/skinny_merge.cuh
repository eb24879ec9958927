#pragma once

// The sums of a group that several blocks compute. All but the first leave those of their part in
// memory and go on; the first, whose part of the group is the last that it computes, adds them to
// its own in their order. A place that holds kNothing waits for its sum (hand_over.cuh).
#include "cuda/hand_over.cuh"
#include "cuda/skinny_output.cuh"

namespace lapidary::kernels::cuda {

/// Where a block leaves the sums of the calling warp and lane, row 0. It has one group at most that
/// it is not the first of.
template <int kChannels>
__device__ __forceinline__ unsigned* placeOfSums(const SkinnyLaunch& launch, int block) {
    return reinterpret_cast<unsigned*>(launch.partials)
           + (block * kSkinnyWarps + static_cast<int>(threadIdx.x / 32)) * kSkinnyRows
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

/// What the other blocks of a group leave to its first.
///   kTimes  that a warp ends rows: all that it needs of a block is asked for at once
template <int kChannels, int kTimes>
class LeftSums {
public:
    __device__ LeftSums(const SkinnyLaunch& launch, const SkinnyShare& share)
        : from_(placeOfSums<kChannels>(launch, share.first + 1)
                + TileLane<kChannels>::row() * kTileChannels)
        , blocks_(share.count - 1)
        , rows_(launch.product.rows - TileLane<kChannels>::row()) {}

    /// Adds them to a lane's sums. Asking for them earlier costs registers that the step before
    /// misses: 2 % slower.
    __device__ void add(float (&sums)[kTimes][kChannels]) {
        unsigned nothing[kChannels];
#pragma unroll
        for (int i = 0; i < kChannels; ++i)
            nothing[i] = kNothing;
#pragma unroll 1
        for (int done = 0; done < blocks_; done += kAtOnce) {
            do
                look(done);
            while (missing());
#pragma unroll
            for (int b = 0; b < kAtOnce; ++b)
#pragma unroll
                for (int time = 0; time < kTimes; ++time) {
#pragma unroll
                    for (int i = 0; i < kChannels; ++i)
                        sums[time][i] += __uint_as_float(found_[b][time][i]);
                    if (there(time, done + b))
                        leaveAt(place(time, done + b), nothing);
                }
        }
    }

private:
    static constexpr int kAtOnce = kChannels == 1 ? 8 : 6; ///< blocks
    static constexpr int kBetween = kSkinnyWarps * static_cast<int>(kSkinnyRows) * kTileChannels;

    __device__ bool there(int time, int block) const {
        return time * TileLane<kChannels>::kRows < rows_ && block < blocks_;
    }
    __device__ unsigned* place(int time, int block) const {
        return from_ + block * kBetween + time * TileLane<kChannels>::kRows * kTileChannels;
    }
    __device__ void look(int done) {
#pragma unroll
        for (int b = 0; b < kAtOnce; ++b)
#pragma unroll
            for (int time = 0; time < kTimes; ++time)
                if (there(time, done + b))
                    lookAt(place(time, done + b), found_[b][time]);
                else
#pragma unroll
                    for (int i = 0; i < kChannels; ++i)
                        found_[b][time][i] = 0;
    }
    [[nodiscard]] __device__ bool missing() const {
        bool missing = false;
#pragma unroll
        for (int b = 0; b < kAtOnce; ++b)
#pragma unroll
            for (int time = 0; time < kTimes; ++time)
#pragma unroll
                for (int i = 0; i < kChannels; ++i)
                    missing |= found_[b][time][i] == kNothing;
        return missing;
    }

    unsigned* const from_;
    const int blocks_;
    const int rows_; ///< from this lane's first on
    unsigned found_[kAtOnce][kTimes][kChannels];
};

} // namespace lapidary::kernels::cuda
