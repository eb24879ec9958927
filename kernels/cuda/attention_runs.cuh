#pragma once

// The runs of keys that decoding is cut into: by absolute position, so that a row's bits depend
// neither on the rows beside it nor on the length. A run is what one block reads.
//
//   windows   96 keys: 8 heads × 12 runs of 12B are at most one block an SM, which leaves each SM
//             room for one block of the kernel that follows
//   full      32 keys up to 2 k (12B has one K/V head of 512: 64 KB a run, 32 runs at 1 k, and the
//             merge is spread over the grid, so that many runs cost little),
//             128 up to 16 k, 512 up to 64 k, 1024 beyond: 336 runs at 128 k. Sums of a run are
//             2 KB a query against 2 KB a key and K/V head: 1/64 of the reading in the long runs.
#include "cuda/attention.h"

namespace lapidary::kernels::cuda {

inline constexpr int kWindowRun = 96;

struct RunTier {
    int begin; // of positions
    int first; // run that begins there
    int shift; // 2^shift keys a run
};
__host__ __device__ constexpr RunTier tierOfKey(int key) {
    if (key < 2048)
        return {0, 0, 5};
    if (key < 16384)
        return {2048, 64, 7};
    if (key < 65536)
        return {16384, 176, 9};
    return {65536, 272, 10};
}
__host__ __device__ constexpr RunTier tierOfRun(int run) {
    if (run < 64)
        return {0, 0, 5};
    if (run < 176)
        return {2048, 64, 7};
    if (run < 272)
        return {16384, 176, 9};
    return {65536, 272, 10};
}

/// The run that holds a position.
__host__ __device__ constexpr int runOf(bool windowed, int key) {
    if (windowed)
        return key / kWindowRun;
    const RunTier tier = tierOfKey(key);
    return tier.first + ((key - tier.begin) >> tier.shift);
}
/// The first position of a run.
__host__ __device__ constexpr int beginOfRun(bool windowed, int run) {
    if (windowed)
        return run * kWindowRun;
    const RunTier tier = tierOfRun(run);
    return tier.begin + ((run - tier.first) << tier.shift);
}

/// The runs that rows at [first, first + rows) read; a row's share begins at `begin`.
struct RunRange {
    int begin; // first key that any row sees
    int end;   // one past the last
    int first; // run
    int count; // runs
};
__host__ __device__ inline RunRange runsOf(int64_t window, int first, int rows) {
    const bool windowed = window > 0;
    const int begin = windowed && first >= window ? first - static_cast<int>(window) + 1 : 0;
    const int end = first + rows;
    const int run = runOf(windowed, begin);
    return {begin, end, run, runOf(windowed, end - 1) - run + 1};
}

/// The most runs that there can be at any position.
__host__ __device__ inline int mostRuns(const AttentionProblem& p) {
    if (p.window == 0)
        return runOf(false, static_cast<int>(p.capacity) - 1) + 1;
    const int keys = static_cast<int>(p.window) + p.rows - 1;
    return (keys + kWindowRun - 2) / kWindowRun + 1;
}

} // namespace lapidary::kernels::cuda
