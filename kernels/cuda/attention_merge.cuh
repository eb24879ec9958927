#pragma once

// The merge of the runs of a decode step, when all are there: blocks share the queries, some
// columns at a time. Warp w adds the runs whose absolute number is w mod 8, in order, then the
// warps are added in order: nothing depends on who came last or on the rows beside.
#include "cuda/attention_runs.cuh"
#include "cuda/hand_over.cuh"
#include "cuda/tensor_core.cuh"

namespace lapidary::kernels::cuda {

struct MergeShared {
    float out[8][128];
    float sum[8];
    float maximum[8];
    float perRun[1]; // weight and sum, mostRuns of each
};

/// Out and `largest` (zero before) of 32 · kColumns columns of one query. The 256 threads of a
/// block.
///   kColumns  of a lane, side by side: 1 or 4
///   handed    where the next phase finds them, if anywhere
template <int kColumns>
__device__ inline void mergeRuns(const AttentionProblem& p, const RunSums& sums,
                                 const RunRange& range, int task, const HandedMerge& handed,
                                 MergeShared& s) {
    constexpr int kAhead = 4; // runs of a warp whose sums are on their way at a time
    const int slices = (p.headDim + 32 * kColumns - 1) / (32 * kColumns);
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int query = task / slices, column = (task % slices * 32 + lane) * kColumns;
    const bool inside = column < p.headDim;
    const int64_t row = int64_t(query) * sums.mostRuns;
    const float* const from = sums.out + row * p.headDim + (inside ? column : 0);
    const int begin = (warp - range.first % 8 + 8) % 8;
    const bool handsSums = sums.handed;

    unsigned ahead[kAhead][kColumns]; // beyond the last run: that of the last, and weighs nothing
    const auto place = [&](int run, int i) {
        return from + int64_t(min(run + 8 * i, range.count - 1)) * p.headDim;
    };
    const auto fetch = [&](int run) {
#pragma unroll
        for (int i = 0; i < kAhead; ++i)
            lookAtNumbers(place(run, i), ahead[i]);
    };
    fetch(begin);

    float* const weights = s.perRun;
    float* const ownSums = s.perRun + sums.mostRuns;
    float largest = -INFINITY;
    for (int run = threadIdx.x; run < range.count; run += kWorkers) {
        const float* const maximum = sums.maximum + row + run;
        const float* const sum = sums.sum + row + run;
        weights[run] = handsSums ? __uint_as_float(awaitNumber(maximum)) : __ldcg(maximum);
        ownSums[run] = handsSums ? __uint_as_float(awaitNumber(sum)) : __ldcg(sum);
        largest = fmaxf(largest, weights[run]);
    }
    largest = warpMax(largest);
    if (lane == 0)
        s.maximum[warp] = largest;
    workerSync();
#pragma unroll
    for (int w = 0; w < 8; ++w)
        largest = fmaxf(largest, s.maximum[w]);

    float out[kColumns] = {};
    float sum = 0;
    for (int run = begin; run < range.count; run += 8 * kAhead) {
        if (run != begin)
            fetch(run);
#pragma unroll
        for (int i = 0; i < kAhead; ++i) {
            const int at = run + 8 * i;
            const float weight = at < range.count ? exp2Fast(weights[at] - largest) : 0.0F;
            if (weight == 0)
                continue; // sees nothing of this run, or so little that it rounds to nothing
            if (handsSums)
                awaitNumbers(ahead[i], place(run, i));
            sum = fmaf(weight, ownSums[at], sum);
#pragma unroll
            for (int c = 0; c < kColumns; ++c)
                out[c] = fmaf(weight, __uint_as_float(ahead[i][c]), out[c]);
        }
    }
#pragma unroll
    for (int c = 0; c < kColumns; ++c)
        s.out[warp][lane * kColumns + c] = out[c];
    if (lane == 0)
        s.sum[warp] = sum;
    workerSync();
    if (warp == 0) {
        for (int w = 1; w < 8; ++w) {
#pragma unroll
            for (int c = 0; c < kColumns; ++c)
                out[c] += s.out[w][lane * kColumns + c];
            sum += s.sum[w];
        }
        // Packed queries of a K/V head are [rows, group].
        const int at = query % p.queries(), head = query / p.queries(), group = p.group();
        const int64_t target = int64_t(at / group) * p.heads + head * group + at % group;
        Bf16 bits[kColumns];
        float most = 0;
#pragma unroll
        for (int c = 0; c < kColumns; ++c) {
            bits[c] = toBits(out[c] / sum);
            most = fmaxf(most, inside ? fabsf(toFloat(bits[c])) : 0.0F);
        }
        if (inside) {
            Bf16* const to = p.out + target * p.headDim + column;
#pragma unroll
            for (int c = 0; c < kColumns; ++c)
                to[c] = bits[c];
            if (handed.out != nullptr)
                handOver(handed.out + target * p.headDim + column, bits);
        }
        if (p.largest != nullptr) {
            most = warpMax(most);
            // Bits of numbers that are not negative are in the order of the numbers.
            if (lane == 0 && handed.largest != nullptr)
                handOver(handed.largest + target * slices + task % slices, most);
            else if (lane == 0)
                atomicMax(reinterpret_cast<int*>(p.largest + target), __float_as_int(most));
        }
    }
    workerSync(); // before the next task
}

} // namespace lapidary::kernels::cuda
