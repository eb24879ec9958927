#pragma once

#include <kernels/error.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace lapidary::engine {

/// One block of memory that is seen again and again in a row, so that a long stretch of bytes takes
/// the room of a short one: the pages of the block are mapped as often as they fit into the length.
class RepeatedBlock {
public:
    ///   block   bytes of the block, a multiple of the page's
    ///   length  of what is seen, at least
    ///   fill    writes the block, once
    /// DoesNotFit.
    [[nodiscard]] static Expected<std::unique_ptr<RepeatedBlock>>
    make(std::size_t block, std::size_t length,
         const std::function<void(std::span<std::byte>)>& fill);

    RepeatedBlock(const RepeatedBlock&) = delete;
    RepeatedBlock& operator=(const RepeatedBlock&) = delete;
    ~RepeatedBlock();

    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

private:
    explicit RepeatedBlock(std::span<std::byte> bytes) : bytes_(bytes) {}

    std::span<std::byte> bytes_;
};

} // namespace lapidary::engine
