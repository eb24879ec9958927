#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstddef>

namespace lapidary::kernels::cuda {

/// Shared memory that a block may have on every card from 8.0 up: 8.6, 8.9 and 12.0 have so much,
/// 8.0 has 163 KiB, 9.0 and 10.0 have 227.
inline constexpr std::size_t kLeastShared = std::size_t{99} << 10U;

// A build with LAPIDARY_CAPABILITY takes every card for one of that compute capability (80, 86,
// 89), so that a newer card runs, in tests, what such a card runs.
#ifdef LAPIDARY_CAPABILITY
inline constexpr int kNewestCapability = LAPIDARY_CAPABILITY;
inline constexpr std::size_t kMostShared =
    LAPIDARY_CAPABILITY == 80 ? std::size_t{163} << 10U : kLeastShared;
#else
inline constexpr int kNewestCapability = 9999;
inline constexpr std::size_t kMostShared = std::size_t{1} << 30U;
#endif

/// 90 for compute capability 9.0.
inline int capabilityOf(const cudaDeviceProp& card) {
    return std::min(card.major * 10 + card.minor, kNewestCapability);
}

/// The same of the card that is the thread's.
inline int capabilityOfCurrent() {
    int device = 0, major = 0, minor = 0;
    cudaGetDevice(&device);
    cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
    cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device);
    return std::min(major * 10 + minor, kNewestCapability);
}

/// The shared memory that a block of a card may have.
inline std::size_t sharedOfBlock(int device) {
    int bytes = 0;
    cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
    return std::min(static_cast<std::size_t>(bytes), kMostShared);
}

} // namespace lapidary::kernels::cuda
