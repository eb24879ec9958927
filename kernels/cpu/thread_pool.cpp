#include "cpu/thread_pool.h"

#include "assert.h"

#include <hwy/cache_control.h>

#include <algorithm>

namespace lapidary::kernels {

namespace {

// A pause takes 10 to 40 ns: workers stay awake for some 50 µs, longer than the serial parts
// between two operations of a small model, and the caller looks as long for the last range before
// it sleeps.
constexpr int kSpins = 2000;

constexpr std::uint64_t kMaxRanges = 0xFFFF;

// About 3 µs of work for one core; a fork and join costs a third of that.
constexpr std::int64_t kMinimumCost = 32768;
constexpr std::int64_t kRangesPerThread = 8;

constexpr std::uint64_t rangesOf(std::uint64_t ticket) {
    return (ticket >> 16) & kMaxRanges;
}

constexpr std::uint64_t claimedOf(std::uint64_t ticket) {
    return ticket & kMaxRanges;
}

} // namespace

ThreadPool::ThreadPool(int threads) {
    LAPIDARY_ASSERT(threads >= 1);
    workers_.reserve(static_cast<std::size_t>(threads - 1));
    for (int worker = 1; worker < threads; ++worker)
        workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
    stopping_.store(true);
    wakeUps_.fetch_add(1);
    wakeUps_.notify_all();
}

std::int64_t ThreadPool::grainFor(std::int64_t count, std::int64_t cost) const {
    const std::int64_t worthwhile = (kMinimumCost + cost - 1) / std::max<std::int64_t>(cost, 1);
    const std::int64_t ranges = kRangesPerThread * threads();
    return std::max({worthwhile, (count + ranges - 1) / ranges, std::int64_t{1}});
}

void ThreadPool::run(std::int64_t count, std::int64_t grain, Call call, const void* body) {
    grain = std::max(grain, (count + static_cast<std::int64_t>(kMaxRanges) - 1)
                                / static_cast<std::int64_t>(kMaxRanges));
    const auto ranges = static_cast<std::uint32_t>((count + grain - 1) / grain);
    call_.store(call, std::memory_order_relaxed);
    body_.store(body, std::memory_order_relaxed);
    count_.store(count, std::memory_order_relaxed);
    grain_.store(grain, std::memory_order_relaxed);
    finishedRanges_.store(0, std::memory_order_relaxed);
    const std::uint64_t fork = (ticket_.load(std::memory_order_relaxed) >> 32) + 1;
    ticket_.store((fork << 32) | (std::uint64_t{ranges} << 16), std::memory_order_release);
    wakeUps_.fetch_add(1, std::memory_order_release);
    wakeUps_.notify_all();

    while (runNextRange()) {
    }
    int spins = 0;
    std::uint32_t finished = finishedRanges_.load(std::memory_order_acquire);
    while (finished != ranges) {
        if (++spins < kSpins)
            hwy::Pause();
        else
            finishedRanges_.wait(finished, std::memory_order_acquire);
        finished = finishedRanges_.load(std::memory_order_acquire);
    }
}

bool ThreadPool::runNextRange() {
    std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
    for (;;) {
        if (claimedOf(ticket) >= rangesOf(ticket))
            return false;
        const Call call = call_.load(std::memory_order_relaxed);
        const void* const body = body_.load(std::memory_order_relaxed);
        const std::int64_t count = count_.load(std::memory_order_relaxed);
        const std::int64_t grain = grain_.load(std::memory_order_relaxed);
        if (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel,
                                           std::memory_order_acquire))
            continue;
        const std::int64_t begin = static_cast<std::int64_t>(claimedOf(ticket)) * grain;
        call(body, begin, std::min(begin + grain, count));
        if (finishedRanges_.fetch_add(1, std::memory_order_acq_rel) + 1 == rangesOf(ticket))
            finishedRanges_.notify_one();
        return true;
    }
}

void ThreadPool::work() {
    std::uint32_t seen = 0;
    while (!stopping_.load(std::memory_order_relaxed)) {
        std::uint32_t now = wakeUps_.load(std::memory_order_acquire);
        for (int spins = 0; now == seen && spins < kSpins; ++spins) {
            hwy::Pause();
            now = wakeUps_.load(std::memory_order_acquire);
        }
        if (now == seen) {
            wakeUps_.wait(seen, std::memory_order_acquire);
            continue;
        }
        seen = now;
        while (runNextRange()) {
        }
    }
}

} // namespace lapidary::kernels
