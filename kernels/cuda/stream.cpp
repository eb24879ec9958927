#include "cuda/stream.h"

#include "cuda/memory_mapping.h"
#include "cuda/number_copies.h"

#include <algorithm>
#include <cstring>
#include <format>
#include <utility>

namespace lapidary::kernels::cuda {

Expected<std::unique_ptr<Stream>> Stream::open(int device) {
    cudaDeviceProp properties{};
    if (const cudaError_t result = cudaGetDeviceProperties(&properties, device);
        result != cudaSuccess)
        return std::unexpected(describe(result, "opening the card"));
    if (properties.major < 8)
        return fail(ErrorKind::Unsupported,
                    std::format("{} has compute capability {}.{}; Lapidary needs 8.0, an RTX 30 or "
                                "newer. Choose the processor.",
                                properties.name, properties.major, properties.minor));
    cudaStream_t handle = nullptr;
    cudaError_t result = cudaSetDevice(device);
    if (result == cudaSuccess)
        result = cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking);
    if (result != cudaSuccess)
        return std::unexpected(describe(result, "opening the card"));
    return std::unique_ptr<Stream>(new Stream(device, properties, handle));
}

Stream::Stream(int device, const cudaDeviceProp& card, cudaStream_t handle)
    : device_(device)
    , multiprocessors_(card.multiProcessorCount)
    , sharedBytes_(sharedOfBlock(device))
    , capability_(capabilityOf(card))
    , handle_(handle) {
    if (const MappingCalls* calls = MappingCalls::of(device)) {
        mapped_ = mapOnCard(*calls, device, card.totalGlobalMem);
        mostMapped_ = card.totalGlobalMem;
    }
}

Stream::~Stream() {
    cudaStreamSynchronize(handle_);
    cudaStreamDestroy(handle_);
}

Expected<Buffer> Stream::allocate(std::size_t bytes) {
    enter();
    void* memory = nullptr;
    if (const cudaError_t result = cudaMalloc(&memory, std::max<std::size_t>(bytes, 1));
        result != cudaSuccess) {
        cudaGetLastError();
        return std::unexpected(describe(result, "taking memory"));
    }
    return Buffer{.memory = {memory, [](void* p) { cudaFree(p); }}, .bytes = bytes};
}

void Stream::check(cudaError_t result, std::string_view what) {
    if (result != cudaSuccess && !error_)
        error_ = describe(result, what);
}

void Stream::checkDriver(cudaError_t result, std::string_view what) {
    if (result != cudaSuccess && !error_)
        error_ = Error{.kind = ErrorKind::Unsupported,
                       .sentence = "The graphics card's driver refuses what Lapidary needs of it. "
                                   "Install NVIDIA's newest driver, or choose the processor.",
                       .detail = std::format("{}: {}", what, cudaGetErrorName(result))};
}

void Stream::upload(std::span<const std::byte> from, void* to) {
    if (from.empty())
        return;
    if (isFewNumbers(to, from.size())) {
        writeNumbers(from, to, handle());
        return;
    }
    if (std::byte* const part = staging_.take(from.size())) {
        std::memcpy(part, from.data(), from.size());
        from = {part, from.size()};
    }
    check(cudaMemcpyAsync(to, from.data(), from.size(), cudaMemcpyHostToDevice, handle()),
          "copying to the card");
}

void Stream::download(const void* from, std::span<std::byte> to) {
    if (to.empty())
        return;
    std::byte* const part = staging_.take(to.size());
    if (part != nullptr)
        staging_.expect(part, to);
    if (part != nullptr && isFewNumbers(from, to.size()))
        readNumbers(from, to.size(), part, handle());
    else
        check(cudaMemcpyAsync(part != nullptr ? part : to.data(), from, to.size(),
                              cudaMemcpyDeviceToHost, handle()),
              "copying from the card");
}

void Stream::drain() {
    check(cudaGetLastError(), "launching a kernel");
    check(cudaStreamSynchronize(handle()), "computing");
    if (error_)
        staging_.drop();
    else
        staging_.deliver();
}

Expected<void> Stream::wait() {
    drain();
    if (!error_)
        return {};
    Error error = std::move(*error_);
    error_.reset();
    return std::unexpected(std::move(error));
}

void* Stream::scratch(std::size_t bytes) {
    if (auto grown = growScratch(bytes); !grown) {
        if (!error_)
            error_ = std::move(grown.error());
        return nullptr;
    }
    return mapped_ != nullptr ? mapped_->data() : scratch_.memory.get();
}

Expected<void> Stream::growScratch(std::size_t bytes) {
    if (mapped_ != nullptr)
        return bytes <= mostMapped_
                   ? mapped_->grow(bytes)
                   : std::unexpected(describe(cudaErrorMemoryAllocation, "taking memory for work"));
    if (bytes <= scratch_.bytes)
        return {};
    drain(); // what is queued may still use the old one
    scratch_ = {};
    ++scratchGeneration_;
    return allocate(bytes).transform([&](Buffer memory) { scratch_ = std::move(memory); });
}

Error describe(cudaError_t result, std::string_view what) {
    std::string detail =
        std::format("{}: {} ({})", what, cudaGetErrorName(result), cudaGetErrorString(result));
    switch (result) {
    case cudaErrorMemoryAllocation:
        return {ErrorKind::DoesNotFit,
                "The graphics card has no more memory. Close other programs that use it, or choose "
                "a shorter context.",
                std::move(detail)};
    case cudaErrorNoDevice:
    case cudaErrorInsufficientDriver:
        return {ErrorKind::Unsupported,
                "The graphics card's driver is missing or too old. Install NVIDIA's driver 580 or "
                "newer, or choose the processor.",
                std::move(detail)};
    default:
        return {ErrorKind::DeviceLost,
                "The graphics card stopped; it can only be used again after a restart of the "
                "program. The text so far is kept.",
                std::move(detail)};
    }
}

} // namespace lapidary::kernels::cuda
