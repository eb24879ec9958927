#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstddef>

namespace lapidary::kernels::cuda {

/// Shared memory that a block may have on every card from 8.0 up: 8.6, 8.9 and 12.0 have so much,
/// 8.0 has 163 KiB, 9.0 and 10.0 have 227.
inline constexpr std::size_t kLeastShared = std::size_t{99} << 10U;

/// What a block of a card may have. A build with LAPIDARY_SHARED_KIB takes no more than that, so
/// that a large card runs what a small one runs.
inline std::size_t sharedOfBlock(int device) {
    int bytes = 0;
    cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
    const auto most = static_cast<std::size_t>(bytes);
#ifdef LAPIDARY_SHARED_KIB
    return std::min(most, std::size_t{LAPIDARY_SHARED_KIB} << 10U);
#else
    return most;
#endif
}

} // namespace lapidary::kernels::cuda
