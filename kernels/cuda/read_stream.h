#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

namespace lapidary::kernels::cuda {

/// What one block of the reader reads in one pass; a grid reads whole passes.
inline constexpr int kReaderThreads = 512;
inline constexpr int kReaderFlight = 8; ///< reads of 16 bytes that a thread has under way
inline constexpr std::size_t kReaderPass = std::size_t{kReaderThreads} * kReaderFlight * 16;

/// Reads memory and keeps nothing of it.
///   from   bytes on the device, a multiple of blocks · kReaderPass, not all of them 255
///   never  4 bytes on the device, which stay what they are
void readStream(const void* from, std::size_t bytes, int blocks, unsigned* never,
                cudaStream_t stream);

} // namespace lapidary::kernels::cuda
