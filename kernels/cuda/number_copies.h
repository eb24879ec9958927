#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <span>

/// Copies of a few numbers by kernels, which begin at once where a copy engine is asked first.
namespace lapidary::kernels::cuda {

inline constexpr std::size_t kMostNumberBytes = 256;

/// Whether `bytes` at an address of the card can go that way: whole numbers of 4 bytes, not many.
[[nodiscard]] inline bool isFewNumbers(const void* onCard, std::size_t bytes) {
    return bytes <= kMostNumberBytes && bytes % 4 == 0
           && reinterpret_cast<std::uintptr_t>(onCard) % 4 == 0;
}

/// The numbers travel as arguments of the kernel: their memory may go when this returns.
void writeNumbers(std::span<const std::byte> from, void* to, cudaStream_t stream);

/// From the card into pinned memory.
void readNumbers(const void* from, std::size_t bytes, void* pinned, cudaStream_t stream);

} // namespace lapidary::kernels::cuda
