#pragma once

// The runs of keys of a step, shared among blocks.
#include "cuda/attention_merge.cuh"
#include "cuda/step_phase.h"

namespace lapidary::kernels::cuda {

/// The runs that fall to this block of the first `blocks`. A block serves one unit, a group of
/// queries of a K/V head, or several where there are fewer blocks than units. The last runs are the
/// long ones: begin with them. Blocks take what is left as they finish.
///   ready  called once, by all threads, before the rows of this step are read
template <int kDim, int kTiles, int kStages, class Ready>
__device__ __forceinline__ void attend(const AttentionPhase& phase, int blocks,
                                       typename DecodeShape<kDim, kTiles, kStages>::Shared& shared,
                                       const Ready& ready) {
    const AttentionProblem& p = phase.problem;
    // The position, the keys before it and the weights of the norms are of earlier steps: a step
    // begins with a kernel that waits for all before it.
    const int first = static_cast<int>(p.position ? __ldcg(p.position) : p.firstPosition);
    const RunRange range = runsOf(p.window, first, p.rows);
    const int groups = (p.queries() + 16 * kTiles - 1) / (16 * kTiles);
    const int units = p.kvHeads * groups;
    const int block = static_cast<int>(blockIdx.x);
    DecodeRun<kDim, kTiles, kStages> run(p, phase.raw, phase.sums, shared, first);
    bool waited = false;
    for (int unit = block % units; unit < units; unit += blocks) {
        const int sharing = max((blocks - unit + units - 1) / units, 1);
        const bool claims = range.count > sharing && blocks >= units && units <= kMostUnits;
        run.choose(unit / groups, unit % groups);
        bool prepared = false;
        for (int item = blocks >= units ? block / units : 0; item < range.count;) {
            const int at = range.count - 1 - item;
            run.begin(range, range.first + at);
            if (!waited)
                ready();
            waited = true;
            run.addRows();
            if (!prepared)
                run.prepareQueries();
            prepared = true;
            run.compute(at);
            if (!claims) {
                item += sharing;
                continue;
            }
            if (threadIdx.x == 0)
                shared.next = sharing + static_cast<int>(atomicAdd(&phase.claimed[unit], 1U) + 1);
            workerSync();
            item = shared.next;
        }
    }
    if (!waited)
        ready();
    if (block == 0 && p.largest != nullptr)
        for (int i = threadIdx.x; i < p.rows * p.heads; i += kWorkers)
            p.largest[i] = 0;
}

/// The tasks of a merge that fall to this block of the first `blocks`; all runs are there.
__device__ __forceinline__ void mergeAll(const AttentionPhase& phase, int blocks,
                                         MergeShared& shared) {
    const AttentionProblem& p = phase.problem;
    const int first = static_cast<int>(p.position ? __ldcg(p.position) : p.firstPosition);
    const RunRange range = runsOf(p.window, first, p.rows);
    // Every block has claimed for the last time; what is handed over others clear.
    if (blockIdx.x == 0 && threadIdx.x < kMostUnits && !phase.sums.handed)
        phase.claimed[threadIdx.x] = kNothing;
    for (int task = blockIdx.x; task < mergeTasks(p); task += blocks)
        mergeRuns(p, phase.sums, range, task, phase.handed, shared);
}

} // namespace lapidary::kernels::cuda
