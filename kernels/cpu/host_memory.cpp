#include "cpu/host_memory.h"

#include "cpu/processor.h"

#include <cstdlib>
#include <format>

namespace lapidary::kernels {

namespace {

constexpr std::size_t kAlignment = 64;

// The system grants more than it has and ends programs that come to use it; what is large is
// compared with what is free.
constexpr std::size_t kLarge = std::size_t{256} << 20;

} // namespace

std::unexpected<Error> noHostMemory(std::size_t bytes) {
    return fail(ErrorKind::DoesNotFit,
                std::format("The computer has no {:.1f} GiB of memory left. Close other programs, "
                            "or choose a smaller model or a shorter context.",
                            static_cast<double>(bytes) / (1024.0 * 1024 * 1024)),
                std::format("{} bytes asked, {} available", bytes, availableMemory()));
}

Expected<Buffer> allocateHost(std::size_t bytes) {
    const std::size_t whole = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    if (whole < bytes || (whole >= kLarge && whole > availableMemory()))
        return noHostMemory(bytes);
    void* const memory = std::aligned_alloc(kAlignment, whole == 0 ? kAlignment : whole);
    if (memory == nullptr)
        return noHostMemory(bytes);
    return Buffer{.memory = std::shared_ptr<void>(memory, std::free), .bytes = bytes};
}

float* Scratch::floats(std::size_t count) {
    const std::size_t bytes = count * sizeof(float);
    if (buffer_.memory == nullptr || buffer_.bytes < bytes) {
        buffer_ = {};
        Expected<Buffer> grown = allocateHost(bytes);
        if (!grown)
            return nullptr;
        buffer_ = std::move(*grown);
    }
    return static_cast<float*>(buffer_.memory.get());
}

} // namespace lapidary::kernels
