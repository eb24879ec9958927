#pragma once

// The way of a head into the shared memory of a run of keys, and of the rows that are being decoded
// into the cache.
#include "cuda/head_rotation.cuh"

namespace lapidary::kernels::cuda {

/// A head in shared memory, [kDim]: numbers four at a time, and zeros beyond the first `count`.
///   key  its row there, for the places of its pieces
struct HeadPlace {
    Bf16* shared;
    int key;

    __device__ void put(int i, uint2 bits) const {
        *reinterpret_cast<uint2*>(shared + ((i / 8) ^ (key & 7)) * 8 + i % 8) = bits;
    }
    template <int kDim>
    __device__ void clearFrom(int count) const {
#pragma unroll 1
        for (int i = count + static_cast<int>(threadIdx.x % 32) * 4; i < kDim; i += 128)
            put(i, {0, 0});
    }
};

/// K or V of a row of this step on its way into shared memory and the cache, by one warp.
struct FreshHead {
    const Bf16* x = nullptr;
    int half = 0;                       ///< of the columns
    const float* weight = nullptr;      ///< of the norm, and then rotated; null: only normed
    const float* frequencies = nullptr; ///< [half]
    float epsilon = 0, position = 0;
    Bf16* stored = nullptr; ///< [2 · half] in the cache, or null
    bool handed = false;    ///< whether x is handed over (hand_over.cuh)
};

// A call: it stands in the kernel once and runs a few times a launch.
template <int kDim>
__device__ __noinline__ void prepareHead(const FreshHead& head, HeadPlace place) {
    HeadPairs<kDim / 64> pairs;
    HeadWeights<kDim / 64> weights;
    if (head.weight != nullptr)
        weights.load(head.weight, head.frequencies, head.half); // x may not be there yet
    pairs.load(head.x, head.half, head.handed);
    if (head.weight != nullptr) {
        pairs.normAndRotate(weights, head.half, head.epsilon, head.position);
    } else {
        pairs.norm(head.half, head.epsilon);
    }
    pairs.each(head.half, [&](int i, uint2 bits) {
        place.put(i, bits);
        if (head.stored != nullptr)
            *reinterpret_cast<uint2*>(head.stored + i) = bits;
    });
    place.clearFrom<kDim>(2 * head.half);
}

} // namespace lapidary::kernels::cuda
