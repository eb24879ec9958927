#pragma once

#include "backend.h"
#include "cpu/thread_pool.h"
#include "cuda/stream.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lapidary::kernels::cuda {

/// Backend::gather: rows of a table in the host's memory, collected there in pieces and spread on
/// the card, one piece while the next is collected.
class RowGatherer {
public:
    explicit RowGatherer(Stream& stream) : stream_(stream) {}
    RowGatherer(const RowGatherer&) = delete;
    RowGatherer& operator=(const RowGatherer&) = delete;
    ~RowGatherer();

    /// Backend::keep.
    [[nodiscard]] static Expected<Weight> keep(const WeightSource& source);

    void gather(const Weight& table, std::span<const std::int32_t> ids, float scale,
                const Tensor& y);

private:
    struct Piece {
        std::byte* pinned = nullptr;
        std::vector<std::byte> pageable; ///< where the computer grants no pinned memory
        std::size_t bytes = 0;
        cudaEvent_t copied = nullptr;
    };
    [[nodiscard]] std::byte* freePiece(std::size_t bytes);
    void collect(const Weight& table, std::span<const std::int32_t> ids, std::byte* to);

    Stream& stream_;
    std::array<Piece, 2> pieces_;
    std::size_t turn_ = 0;
    std::optional<ThreadPool> pool_; ///< from the first prompt on
};

} // namespace lapidary::kernels::cuda
