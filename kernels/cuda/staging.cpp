#include "cuda/staging.h"

#include <cuda_runtime_api.h>

#include <cstring>

namespace lapidary::kernels::cuda {

void Staging::Free::operator()(std::byte* memory) const {
    cudaFreeHost(memory);
}

Staging::Staging() {
    void* memory = nullptr;
    if (cudaMallocHost(&memory, kBytes) == cudaSuccess)
        memory_.reset(static_cast<std::byte*>(memory));
    else
        cudaGetLastError(); // it goes without, slower
}

std::byte* Staging::take(std::size_t bytes) {
    constexpr std::size_t kLine = 64;
    const std::size_t size = (bytes + kLine - 1) / kLine * kLine;
    if (memory_ == nullptr || size > kBytes - taken_)
        return nullptr;
    std::byte* const part = memory_.get() + taken_;
    taken_ += size;
    return part;
}

void Staging::deliver() {
    for (const Expected& expected : expected_)
        std::memcpy(expected.to.data(), expected.part, expected.to.size());
    drop();
}

void Staging::drop() {
    expected_.clear();
    taken_ = 0;
}

} // namespace lapidary::kernels::cuda
