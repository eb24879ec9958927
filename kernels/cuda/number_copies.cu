#include "cuda/number_copies.h"

#include "assert.h"

#include <cstring>

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = static_cast<int>(kMostNumberBytes / 4);

struct Numbers {
    uint32_t words[kThreads];
};

__global__ void __launch_bounds__(kThreads)
    writeKernel(const __grid_constant__ Numbers numbers, uint32_t* to) {
    to[threadIdx.x] = numbers.words[threadIdx.x];
}

__global__ void __launch_bounds__(kThreads) readKernel(const uint32_t* from, uint32_t* to) {
    to[threadIdx.x] = from[threadIdx.x];
}

} // namespace

void writeNumbers(std::span<const std::byte> from, void* to, cudaStream_t stream) {
    LAPIDARY_ASSERT(!from.empty() && isFewNumbers(to, from.size()));
    Numbers numbers;
    std::memcpy(numbers.words, from.data(), from.size());
    writeKernel<<<1, static_cast<unsigned>(from.size() / 4), 0, stream>>>(
        numbers, static_cast<uint32_t*>(to));
}

void readNumbers(const void* from, std::size_t bytes, void* pinned, cudaStream_t stream) {
    LAPIDARY_ASSERT(bytes > 0 && isFewNumbers(from, bytes));
    readKernel<<<1, static_cast<unsigned>(bytes / 4), 0, stream>>>(
        static_cast<const uint32_t*>(from), static_cast<uint32_t*>(pinned));
}

} // namespace lapidary::kernels::cuda
