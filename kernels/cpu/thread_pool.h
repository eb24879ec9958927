#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

namespace lapidary::kernels {

/// Fork and join over ranges of indices. Belongs to one thread, which takes part in the work; the
/// others spin for a moment after each fork and then sleep, so an idle pool costs nothing.
///
/// The ranges depend on the call alone. Which thread computes a range is left to chance (a thread
/// that the system has taken away must not hold up the rest), so a body must give the same result
/// whoever runs it.
class ThreadPool {
public:
    /// threads ≥ 1, the caller included.
    explicit ThreadPool(int threads);
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;
    ~ThreadPool();

    [[nodiscard]] int threads() const { return static_cast<int>(workers_.size()) + 1; }

    /// body(begin, end) over [0, count) in ranges of `grain` indices; returns when all are done.
    /// A count of at most one grain runs on the caller, without a fork.
    template <class Body>
    void forRanges(std::int64_t count, std::int64_t grain, const Body& body) {
        if (count <= 0)
            return;
        if (count <= grain || workers_.empty()) {
            body(std::int64_t{0}, count);
            return;
        }
        run(count, grain, &callBody<Body>, &body);
    }

    /// The grain for items that read `cost` numbers each: ranges long enough to pay for the fork,
    /// and a few of them for each thread, so that no thread waits long for the last one.
    [[nodiscard]] std::int64_t grainFor(std::int64_t count, std::int64_t cost) const;

private:
    using Call = void (*)(const void* body, std::int64_t begin, std::int64_t end);

    template <class Body>
    static void callBody(const void* body, std::int64_t begin, std::int64_t end) {
        (*static_cast<const Body*>(body))(begin, end);
    }

    void run(std::int64_t count, std::int64_t grain, Call call, const void* body);
    bool runNextRange();
    void work();

    // The ticket holds everything a claim depends on, so that one compare-and-swap decides it:
    // number of the fork (32 bits), ranges in it (16), ranges already claimed (16). While a range
    // is unclaimed the fork cannot end, so the fields below belong to the fork of a claim that
    // succeeds.
    std::atomic<std::uint64_t> ticket_ = 0;
    std::atomic<Call> call_ = nullptr;
    std::atomic<const void*> body_ = nullptr;
    std::atomic<std::int64_t> count_ = 0;
    std::atomic<std::int64_t> grain_ = 0;
    alignas(64) std::atomic<std::uint32_t> finishedRanges_ = 0;
    alignas(64) std::atomic<std::uint32_t> wakeUps_ = 0;
    std::atomic<bool> stopping_ = false;
    std::vector<std::jthread> workers_;
};

} // namespace lapidary::kernels
