#pragma once

// How keys and values come to a block of the Hopper kernels (attention_hopper.cuh): in chunks of
// 16 KiB, in the order in which they are used, through a ring of slots that one thread fills.
//
//   K  64 keys × 128 columns, two panels
//   V  32 keys × 256 columns, four panels
#include "cuda/arch/tensor_copy.cuh"
#include "cuda/arch/tensor_map.h"
#include "cuda/attention.h"

namespace lapidary::kernels::cuda {

/// How a block of three warpgroups, one that copies and two that compute, cuts its work.
template <int kDim>
struct HopperShape {
    static_assert(kDim == 256 || kDim == 512);
    /// Whether the two share the queries, and each has half of the columns of the output and half
    /// of the keys of a step; otherwise each has half of the queries.
    static constexpr bool kHalves = kDim == 512;
    static constexpr int kQueries = kHalves ? 64 : 128; ///< of a block
    static constexpr int kKeys = kHalves ? 128 : 64;    ///< of a step
    static constexpr int kRings = kHalves ? 2 : 1;      ///< each has its own where they share
    /// As many as shared memory holds beside q, 64 KiB, and at 512 weights, 32 KiB.
    static constexpr int kSlots = kHalves ? 4 : 10; ///< of a ring
    static constexpr int kKeyChunks = kDim / 128;   ///< of a step and ring
    static constexpr int kValueChunks = kKeys / 32;
};
inline constexpr int kChunkBytes = 16384;

/// Steps of keys from `start`.
struct HopperWalk {
    int start, steps;
};

template <int kDim>
struct HopperShared {
    using Shape = HopperShape<kDim>;
    alignas(1024) Bf16 q[kDim / 64][Shape::kQueries][64];
    alignas(1024) Bf16 slots[Shape::kRings][Shape::kSlots][kChunkBytes / sizeof(Bf16)];
    /// Two panels of 64 keys for each of two steps, at 512 columns; at 256 they stay in registers.
    alignas(1024) Bf16 weights[2][Shape::kHalves ? 2 * 64 * 64 : 8];
    float maximum[2][64];
    float sum[2][64];
    uint64_t full[Shape::kRings][Shape::kSlots], empty[Shape::kRings][Shape::kSlots];

    /// One thread; all meet before they go on.
    __device__ void beginBarriers() {
        for (int ring = 0; ring < Shape::kRings; ++ring)
            for (int slot = 0; slot < Shape::kSlots; ++slot) {
                beginBarrier(sharedAddress(&full[ring][slot]), 1);
                // A warp each, of all warpgroups that use the ring.
                beginBarrier(sharedAddress(&empty[ring][slot]), Shape::kHalves ? 4 : 8);
            }
        publishBarriers();
    }
};

/// A turn through the slots of a ring.
template <int kSlots>
struct SlotTurn {
    int slot = 0;
    unsigned parity = 0;

    __device__ __forceinline__ void next() {
        if (++slot == kSlots) {
            slot = 0;
            parity ^= 1;
        }
    }
};

/// What fills a ring; one thread.
template <int kDim>
class ChunkCopier {
public:
    using Shape = HopperShape<kDim>;

    __device__ ChunkCopier(HopperShared<kDim>& shared, const AttentionProblem& p,
                           const TensorMap& keys, const TensorMap& values, int head, int ring)
        : s_(shared)
        , keys_(keys)
        , values_(values)
        , capacity_(static_cast<int>(p.capacity))
        , panel_(head * (kDim / 64))
        , ring_(ring) {}

    /// The keys of a step of which this ring's warpgroup computes scores.
    __device__ void copyKeys(int key) {
        for (int chunk = 0; chunk < Shape::kKeyChunks; ++chunk)
            copy(keys_, key + ring_ * 64, panel_ + chunk * 2);
    }
    /// The columns of V of which it computes sums.
    __device__ void copyValues(int key) {
        for (int chunk = 0; chunk < Shape::kValueChunks; ++chunk)
            copy(values_, key + chunk * 32, panel_ + ring_ * 4);
    }

private:
    __device__ void copy(const TensorMap& map, int key, int panel) {
        const uint32_t full = sharedAddress(&s_.full[ring_][turn_.slot]);
        awaitPhase(sharedAddress(&s_.empty[ring_][turn_.slot]), turn_.parity ^ 1);
        expectBytes(full, kChunkBytes);
        copyBox(sharedAddress(&s_.slots[ring_][turn_.slot]), &map, 0, key % capacity_, panel, full);
        turn_.next();
    }

    HopperShared<kDim>& s_;
    const TensorMap& keys_;
    const TensorMap& values_;
    const int capacity_, panel_, ring_;
    SlotTurn<Shape::kSlots> turn_;
};

} // namespace lapidary::kernels::cuda
