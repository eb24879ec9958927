#pragma once

// The runs of keys of a step, shared among blocks.
#include "cuda/attention_decode.cuh"
#include "cuda/attention_merge.cuh"
#include "cuda/attention_share.cuh"
#include "cuda/attention_step.cuh"
#include "cuda/step_phase.h"

namespace lapidary::kernels::cuda {

/// Clears what the merge raises.
__device__ __forceinline__ void clearLargest(const AttentionProblem& p) {
    if (blockIdx.x == 0 && p.largest != nullptr)
        for (int i = threadIdx.x; i < p.rows * p.heads; i += kWorkers)
            p.largest[i] = 0;
}

/// The part of a block in the runs of keys of a step.
///   ready  called once, by all threads, before the rows of this step are read
template <int kDim, int kTiles, class Ready>
__device__ __forceinline__ void attendInStep(const AttentionPhase& phase, const AttentionPart& part,
                                             int blocks, WeightStream& stream,
                                             typename StepAttentionShape<kDim, kTiles>::Shared& s,
                                             const Ready& ready) {
    StepAttention<kDim, kTiles> attention(phase, stream, s);
    ready();
    attention.attend(part, blocks);
    clearLargest(phase.problem);
}

/// The same with keys that the workers copy. The last runs are the long ones: begin with them.
/// Blocks take what is left as they finish.
///   ready  called once, by all threads, before the rows of this step are read
template <int kDim, int kTiles, int kStages, class Ready>
__device__ __forceinline__ void attend(const AttentionPhase& phase, int blocks,
                                       typename DecodeShape<kDim, kTiles, kStages>::Shared& shared,
                                       const Ready& ready) {
    const AttentionProblem& p = phase.problem;
    // The keys before the position and the weights of the norms are of earlier steps too: a step
    // begins with a kernel that waits for all before it.
    const AttentionPart part = AttentionPart::of(p);
    const int first = part.first;
    const RunRange range = part.range;
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
    clearLargest(p);
}

/// The tasks of a merge that fall to this block of the first `blocks`; all runs are there.
__device__ __forceinline__ void mergeAll(const AttentionPhase& phase, const RunRange& range,
                                         int blocks, MergeShared& shared) {
    const AttentionProblem& p = phase.problem;
    // Every block has claimed for the last time; what is handed over others clear.
    if (blockIdx.x == 0 && threadIdx.x < kMostUnits && !phase.sums.handed)
        phase.claimed[threadIdx.x] = kNothing;
    for (int task = blockIdx.x; task < mergeTasks(p); task += blocks)
        if (p.rows == 1)
            mergeRuns<1>(p, phase.sums, range, task, phase.handed, shared);
        else
            mergeRuns<4>(p, phase.sums, range, task, phase.handed, shared);
}

} // namespace lapidary::kernels::cuda
