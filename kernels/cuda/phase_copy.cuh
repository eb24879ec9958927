#pragma once

#include "cuda/step_phase.h"
#include "cuda/tensor_core.cuh"

namespace lapidary::kernels::cuda {

/// A phase as copied into shared memory, without its maps.
struct alignas(16) PhaseCopy {
    std::byte bytes[offsetof(StepPhase, maps)];

    /// What one lane of a warp copies, in a register until there is a place for it.
    struct Lane {
        uint4 chunk = {};

        __device__ void load(const StepPhase& from, int lane) {
            static_assert(sizeof(bytes) % 16 == 0 && sizeof(bytes) <= 32 * 16);
            if (lane < static_cast<int>(sizeof(bytes) / 16))
                chunk = reinterpret_cast<const uint4*>(&from)[lane];
        }
        __device__ void store(PhaseCopy& to, int lane) const {
            if (lane < static_cast<int>(sizeof(bytes) / 16))
                reinterpret_cast<uint4*>(to.bytes)[lane] = chunk;
        }
    };

    /// By the lanes of a warp; whoever reads it meets them first.
    __device__ void take(const StepPhase& from, int lane) {
        Lane own;
        own.load(from, lane);
        own.store(*this, lane);
    }

    [[nodiscard]] __device__ auto phase() const -> const StepPhase& {
        return *reinterpret_cast<const StepPhase*>(bytes);
    }
};

} // namespace lapidary::kernels::cuda
