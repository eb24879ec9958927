#include "cuda/code_check.h"

#include <algorithm>

namespace lapidary::kernels::cuda {

namespace {

constexpr int kThreads = 256;
constexpr std::size_t kMostBlocks = 1024; // 256 threads of 16 bytes each: 4 MiB at once

/// Bit 7 of a byte is set where that code is NaN: of the magnitudes 0x7F alone carries into it.
__device__ unsigned carried(unsigned four) {
    return (four & 0x7F7F7F7FU) + 0x01010101U;
}

__global__ void __launch_bounds__(kThreads)
    checkAll(const std::byte* codes, std::size_t bytes, unsigned number, unsigned* least) {
    const std::size_t vectors = bytes / sizeof(uint4);
    const std::size_t first = std::size_t(blockIdx.x) * kThreads + threadIdx.x;
    const std::size_t stride = std::size_t(gridDim.x) * kThreads;
    const auto* const all = reinterpret_cast<const uint4*>(codes);
    unsigned found = 0;
    for (std::size_t i = first; i < vectors; i += stride) {
        const uint4 v = __ldcs(all + i);
        found |= carried(v.x) | carried(v.y) | carried(v.z) | carried(v.w);
    }
    for (std::size_t i = vectors * sizeof(uint4) + first; i < bytes; i += stride)
        found |= carried(static_cast<unsigned>(codes[i]));
    if ((found & 0x80808080U) != 0)
        atomicMin(least, number);
}

} // namespace

void checkCodes(const std::byte* codes, std::size_t bytes, unsigned number, unsigned* least,
                cudaStream_t stream) {
    if (bytes == 0)
        return;
    const std::size_t wanted = bytes / (sizeof(uint4) * kThreads) + 1;
    const auto blocks = static_cast<unsigned>(std::min(wanted, kMostBlocks));
    checkAll<<<blocks, kThreads, 0, stream>>>(codes, bytes, number, least);
}

} // namespace lapidary::kernels::cuda
