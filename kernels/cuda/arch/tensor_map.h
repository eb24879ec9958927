#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <span>

namespace lapidary::kernels::cuda {

/// How cards from 9.0 up find boxes of a tensor in their memory (a CUtensorMap).
struct alignas(64) TensorMap {
    std::uint64_t words[16] = {};
};

/// Boxes whose rows of 128 bytes lie in shared memory one after the other, pieces of 16 bytes
/// swizzled (warpgroup.cuh).
struct TensorBoxes {
    const void* tensor = nullptr;           ///< on 16 bytes
    bool halves = false;                    ///< bf16, else bytes
    std::span<const std::uint64_t> sizes;   ///< of the tensor, innermost first
    std::span<const std::uint64_t> strides; ///< bytes, of all dimensions but the first
    std::span<const std::uint32_t> box;     ///< sizes of a box
};

/// Makes a map on the host. What the driver answers where it refuses (a tensor off its 16 bytes,
/// for example); cudaErrorNotSupported where it has no such maps.
[[nodiscard]] cudaError_t makeTensorMap(const TensorBoxes& boxes, TensorMap& map);

} // namespace lapidary::kernels::cuda
