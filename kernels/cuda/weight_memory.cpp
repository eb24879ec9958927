#include "cuda/weight_memory.h"

#include <utility>

namespace lapidary::kernels::cuda {

Expected<Buffer> WeightMemory::take(std::size_t bytes) {
    constexpr std::size_t kAlignment = 256; // what the driver gives
    const std::size_t size = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    if (size > bytes_ - taken_)
        return stream_.allocate(bytes);
    if (!whole_) {
        auto whole = stream_.allocate(bytes_);
        if (!whole)
            return whole;
        whole_ = std::move(*whole);
    }
    auto* const part = static_cast<std::byte*>(whole_->memory.get()) + taken_;
    taken_ += size;
    return Buffer{.memory = {whole_->memory, part}, .bytes = bytes};
}

} // namespace lapidary::kernels::cuda
