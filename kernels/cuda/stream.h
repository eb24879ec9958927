#pragma once

#include "backend.h"
#include "cuda/arch/card_limits.h"
#include "cuda/staging.h"
#include "error.h"
#include "growing_memory.h"

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace lapidary::kernels::cuda {

/// The queue of one card, and the first error that happened on it. Launches check nothing; `wait`
/// tells. After an error that the driver calls sticky the process cannot use the card again.
class Stream {
public:
    /// Unsupported (no driver, a card below compute capability 8.0), DeviceLost.
    [[nodiscard]] static Expected<std::unique_ptr<Stream>> open(int device);
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream();

    /// For what is queued next: after what was deferred.
    [[nodiscard]] cudaStream_t handle() {
        if (deferred_)
            std::exchange(deferred_, nullptr)();
        return handle_;
    }
    /// Has `queue` called when the handle is asked for the next time.
    void defer(std::function<void()> queue) { deferred_ = std::move(queue); }

    [[nodiscard]] int device() const { return device_; }
    [[nodiscard]] int multiprocessors() const { return multiprocessors_; }
    /// Shared memory that a block may have.
    [[nodiscard]] std::size_t sharedBytes() const { return sharedBytes_; }
    /// 90 for compute capability 9.0.
    [[nodiscard]] int capability() const { return capability_; }

    /// DoesNotFit.
    [[nodiscard]] Expected<Buffer> allocate(std::size_t bytes);

    /// Makes the card that of the calling thread. Each thread has one of its own, and calls without
    /// a stream, launches among them, are refused or go astray on another.
    void enter() { check(cudaSetDevice(device_), "turning to the card"); }

    /// Notes the outcome of a call to the runtime.
    void check(cudaError_t result, std::string_view what);

    /// The same of what the driver refuses to do, which is no fault of the card's: what needs it is
    /// not queued, and the rest goes on. Unsupported.
    void checkDriver(cudaError_t result, std::string_view what);

    /// Copies in the order of the queue. Small ones wait for nothing.
    ///   from  may go when this returns
    void upload(std::span<const std::byte> from, void* to);
    ///   to  is there after `wait` or `drain`, and stays until then
    void download(const void* from, std::span<std::byte> to);

    /// Whether something went wrong that `wait` has not told yet.
    [[nodiscard]] bool failed() const {
        return error_.has_value() || cudaPeekAtLastError() != cudaSuccess;
    }

    /// Waits for the queue; what went wrong is for `wait` to tell.
    void drain();

    /// Waits for the queue; returns and forgets the first error.
    [[nodiscard]] Expected<void> wait();

    /// Scratch of at least `bytes` for the operation that is queued next; the same memory for all,
    /// which is safe because they run in order. Null, with the error noted, when there is no more.
    [[nodiscard]] void* scratch(std::size_t bytes);

    /// Changes whenever scratch moves, so that a recorded graph knows that its own is gone. It
    /// grows in place where the card maps memory.
    [[nodiscard]] int scratchGeneration() const { return scratchGeneration_; }

private:
    Stream(int device, const cudaDeviceProp& card, cudaStream_t handle);

    [[nodiscard]] Expected<void> growScratch(std::size_t bytes);

    int device_;
    int multiprocessors_;
    std::size_t sharedBytes_;
    int capability_;
    cudaStream_t handle_;
    std::function<void()> deferred_;
    Staging staging_;
    std::optional<Error> error_;
    std::unique_ptr<GrowingMemory> mapped_; // as scratch; null: `scratch_` is
    std::size_t mostMapped_ = 0;
    Buffer scratch_;
    int scratchGeneration_ = 0;
};

/// The sentence for what the CUDA runtime reports.
[[nodiscard]] Error describe(cudaError_t result, std::string_view what);

} // namespace lapidary::kernels::cuda
