#include "cpu/read_bandwidth.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <thread>
#include <vector>

namespace lapidary::kernels {

namespace {

// Four times the largest last-level cache of today's desktop processors.
constexpr std::size_t kBytes = std::size_t{512} << 20U;
constexpr int kRounds = 5;

/// Eight sums, so that no addition waits for the one before it.
std::uint64_t sum(std::span<const std::uint64_t> words) {
    std::uint64_t sums[8] = {};
    for (std::size_t i = 0; i + 8 <= words.size(); i += 8)
        for (std::size_t j = 0; j < 8; ++j)
            sums[j] += words[i + j];
    std::uint64_t all = 0;
    for (const std::uint64_t one : sums)
        all += one;
    return all;
}

} // namespace

double readBandwidth(int threads) {
    const auto count = static_cast<std::size_t>(
        threads > 0 ? threads
                    : static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
    const std::vector<std::uint64_t> buffer(kBytes / sizeof(std::uint64_t), 1);
    const std::size_t share = buffer.size() / count;
    std::atomic<std::uint64_t> total = 0; // so that the sums are needed
    double best = std::numeric_limits<double>::infinity();
    for (int round = 0; round < kRounds; ++round) {
        const auto start = std::chrono::steady_clock::now();
        {
            std::vector<std::jthread> readers;
            readers.reserve(count);
            for (std::size_t i = 0; i < count; ++i)
                readers.emplace_back(
                    [&, i] { total += sum(std::span(buffer).subspan(i * share, share)); });
        }
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
        best = std::min(best, time.count());
    }
    return total > 0 ? static_cast<double>(share * count * sizeof(std::uint64_t)) / best : 0;
}

} // namespace lapidary::kernels
