#include "cuda/read_stream.h"

namespace lapidary::kernels::cuda {

namespace {

/// 4 blocks of 512 threads keep 256 KiB a multiprocessor under way, ten times what the fastest
/// memory needs. The sum is written only when it has a value that the memory does not give, so
/// that the reads stay.
__global__ void __launch_bounds__(kReaderThreads)
    readAll(const uint4* from, std::size_t count, unsigned* never) {
    const std::size_t stride = static_cast<std::size_t>(gridDim.x) * kReaderThreads;
    unsigned sum = 0;
    std::size_t at = static_cast<std::size_t>(blockIdx.x) * kReaderThreads + threadIdx.x;
    for (; at + (kReaderFlight - 1) * stride < count; at += kReaderFlight * stride) {
        uint4 values[kReaderFlight];
#pragma unroll
        for (int i = 0; i < kReaderFlight; ++i)
            values[i] = __ldcs(from + at + i * stride);
#pragma unroll
        for (int i = 0; i < kReaderFlight; ++i)
            sum |= values[i].x | values[i].y | values[i].z | values[i].w;
    }
    if (sum == 0xFFFFFFFFU)
        *never = sum;
}

} // namespace

void readStream(const void* from, std::size_t bytes, int blocks, unsigned* never,
                cudaStream_t stream) {
    readAll<<<blocks, kReaderThreads, 0, stream>>>(static_cast<const uint4*>(from),
                                                   bytes / sizeof(uint4), never);
}

} // namespace lapidary::kernels::cuda
