#pragma once

#include "backend.h"
#include "cuda/stream.h"

#include <cstddef>
#include <optional>

namespace lapidary::kernels::cuda {

/// Memory for the matrices of a model, cut from one allocation: the driver gives whole granules of
/// 2 MiB, of which a matrix of its own would leave half of one unused (some 400 MB of a 12B), and
/// each allocation makes those who copy wait. It goes with the last matrix that is cut from it.
class WeightMemory {
public:
    ///   bytes  of all matrices together; what goes beyond has an allocation of its own
    WeightMemory(Stream& stream, std::size_t bytes)
        : stream_(stream), bytes_(bytes > 0 ? bytes + kSlack : 0) {}

    /// On 256 bytes. DoesNotFit.
    [[nodiscard]] Expected<Buffer> take(std::size_t bytes);

private:
    /// 4096 matrices and scales whose sizes are no multiples of 256.
    static constexpr std::size_t kSlack = std::size_t{1} << 20U;

    Stream& stream_;
    std::size_t bytes_;
    std::size_t taken_ = 0;
    std::optional<Buffer> whole_; ///< from the first call on
};

} // namespace lapidary::kernels::cuda
