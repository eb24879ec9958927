#pragma once

#include "cuda/packing_piece.h"
#include "error.h"

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace lapidary::kernels::cuda {

/// One of the ways that pieces take to the card: a queue of its own, and two pinned buffers, one
/// of which is filled while the other is copied. Pieces of different lanes know no order. Used by
/// the thread that makes it.
class PackingLane {
public:
    ///   bufferBytes  longer pieces, and all where the computer grants no pinned memory, are copied
    ///                from where they lie, which takes the driver longer; 0: no buffers
    PackingLane(int device, std::size_t bufferBytes);
    PackingLane(const PackingLane&) = delete;
    PackingLane& operator=(const PackingLane&) = delete;
    ~PackingLane();

    /// Reads the piece, and queues what the card does with it.
    void bring(const PackingPiece& piece);

    /// What went wrong so far.
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

    /// Waits for the queue; the first error. DoesNotFit, DeviceLost.
    [[nodiscard]] Expected<void> finish();

private:
    struct Free {
        void operator()(std::byte* memory) const;
    };
    struct Buffer {
        std::byte* memory = nullptr; ///< pinned
        cudaEvent_t copied = nullptr;
    };

    void check(cudaError_t result);
    [[nodiscard]] bool pin();
    [[nodiscard]] Buffer* freeBuffer(std::size_t bytes);
    [[nodiscard]] std::byte* scratch(std::size_t bytes);

    std::size_t bufferBytes_;
    cudaStream_t queue_ = nullptr;
    std::unique_ptr<std::byte, Free> pinned_; ///< the memory of the buffers
    std::array<Buffer, 2> buffers_ = {};
    std::size_t turn_ = 0;
    std::byte* scratch_ = nullptr; ///< on the card: pieces before they are quantised
    std::size_t scratchBytes_ = 0;
    std::optional<Error> error_;
    std::vector<std::shared_ptr<const Weight::Packed>> written_; ///< that the queue may write yet
};

} // namespace lapidary::kernels::cuda
