#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace lapidary::kernels::cuda {

/// Pinned memory for the copies between two waits: a copy from or to other memory makes the driver
/// wait for the queue first. Parts are taken one after another, and all are given back when the
/// queue is empty. Where the computer grants no pinned memory there are no parts to take.
class Staging {
public:
    static constexpr std::size_t kBytes = std::size_t{256} << 10U;

    /// The card that it is for is the thread's.
    Staging();

    /// Null when there is no room.
    [[nodiscard]] std::byte* take(std::size_t bytes);

    /// A part that the queue fills, and where its content goes at `deliver`; the memory of `to`
    /// stays until then.
    void expect(const std::byte* part, std::span<std::byte> to) { expected_.push_back({part, to}); }

    /// The queue is empty, and it did what it should.
    void deliver();

    /// The queue is empty; what came down is worth nothing.
    void drop();

private:
    struct Free {
        void operator()(std::byte* memory) const;
    };
    struct Expected {
        const std::byte* part;
        std::span<std::byte> to;
    };
    std::unique_ptr<std::byte, Free> memory_;
    std::size_t taken_ = 0;
    std::vector<Expected> expected_;
};

} // namespace lapidary::kernels::cuda
