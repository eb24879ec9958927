#include "cuda/attention_operations.h"

#include "assert.h"
#include "cuda/rotate_store.h"
#include "cuda/tensors.h"

#include <utility>

namespace lapidary::kernels::cuda {

namespace {

AttentionProblem problemOf(const Attention& op) {
    AttentionProblem problem{.q = halves(op.q),
                             .k = halves(op.cache.k),
                             .v = halves(op.cache.v),
                             .out = halves(op.out),
                             .largest = op.largest.empty() ? nullptr : floats(op.largest),
                             .capacity = op.cache.capacity(),
                             .firstPosition = op.firstPosition,
                             .window = op.window,
                             .rows = narrow(op.q.rows()),
                             .heads = narrow(op.q.shape[1]),
                             .kvHeads = narrow(op.cache.k.shape[1]),
                             .headDim = narrow(op.q.shape[2])};
    LAPIDARY_ASSERT(vectorised(problem.headDim) && problem.headDim <= 512
                    && op.runs.size() <= kMostRuns);
    return problem;
}

DeviceRuns runsOf(const Attention& op) {
    DeviceRuns runs;
    for (const Run& run : op.runs)
        runs.at[runs.count++] = {run.begin, run.end};
    return runs;
}

bool decodes(const Attention& op) {
    return op.q.rows() <= kSkinnyRows && op.runs.empty();
}

} // namespace

Expected<std::unique_ptr<AttentionOperations>>
AttentionOperations::make(Stream& stream, StepChain& chain, const StepGraphs& steps) {
    std::unique_ptr<AttentionOperations> operations(new AttentionOperations(stream, chain, steps));
    auto memory = stream.allocate(sizeof(DecodeCounters));
    if (!memory)
        return std::unexpected(std::move(memory.error()));
    operations->counters_ = std::move(*memory);
    auto* const counters = static_cast<DecodeCounters*>(operations->counters_.memory.get());
    stream.check(cudaMemsetAsync(&counters->barrier, 0, sizeof counters->barrier, stream.handle()),
                 "clearing memory");
    stream.check(
        cudaMemsetAsync(counters->claimed, 0xFF, sizeof counters->claimed, stream.handle()),
        "clearing memory");
    return operations;
}

void AttentionOperations::rotateAndStore(const RotateAndStore& op) {
    RotateStoreProblem problem{.q = halves(op.q),
                               .qNorm = floats(op.qNorm),
                               .frequencies = floats(op.frequencies),
                               .firstPosition = op.firstPosition,
                               .rows = narrow(op.q.rows()),
                               .heads = narrow(op.q.shape[1]),
                               .headDim = narrow(op.q.shape[2]),
                               .epsilon = op.epsilon};
    if (!op.k.empty()) {
        problem.k = halves(op.k);
        problem.v = halves(op.v);
        problem.kNorm = floats(op.kNorm);
        problem.kvHeads = narrow(op.k.shape[1]);
        problem.cacheK = halves(op.cache.k);
        problem.cacheV = halves(op.cache.v);
        problem.capacity = op.cache.capacity();
    }
    cuda::rotateAndStore(problem, stream_.handle());
}

void AttentionOperations::attention(const Attention& op) {
    const AttentionProblem problem = problemOf(op);
    if (decodes(op))
        decode(problem, {});
    else
        prefill(problem, runsOf(op));
}

void AttentionOperations::rotateAndAttend(const RotateAndStore& rotate, const Attention& op) {
    const AttentionProblem problem = problemOf(op);
    if (!decodes(op)) {
        rotateAndStore(rotate);
        prefill(problem, runsOf(op));
        return;
    }
    LAPIDARY_ASSERT(rotate.q.data == op.q.data && rotate.firstPosition == op.firstPosition);
    RawRows raw{.qNorm = floats(rotate.qNorm),
                .frequencies = floats(rotate.frequencies),
                .epsilon = rotate.epsilon};
    if (!rotate.k.empty()) {
        LAPIDARY_ASSERT(rotate.cache.k.data == op.cache.k.data);
        raw.k = halves(rotate.k);
        raw.v = halves(rotate.v);
        raw.kNorm = floats(rotate.kNorm);
    }
    decode(problem, raw);
}

void AttentionOperations::prefill(const AttentionProblem& problem, const DeviceRuns& runs) {
    stream_.checkDriver(attentionPrefill(problem, runs, stream_.handle()),
                        "describing the cache to the card");
}

void AttentionOperations::decode(AttentionProblem problem, const RawRows& raw) {
    problem.position = steps_.position();
    void* const scratch = stream_.scratch(decodeScratchBytes(problem));
    if (scratch == nullptr)
        return;
    const RunSums sums = placeRuns(problem, scratch);
    auto* const counters = static_cast<DecodeCounters*>(counters_.memory.get());
    if (attendsApart(problem, stream_.sharedBytes())) {
        attentionDecode(problem, raw, sums, counters, stream_.handle());
        return;
    }
    auto phases =
        attentionPhases({problem, raw, sums, counters->claimed}, chain_.multiprocessors());
    if (stream_.capability() >= 90) {
        const Bf16* const caches[] = {problem.k, problem.v};
        for (int i = 0; i < 2; ++i) {
            const cudaError_t made = makeTensorMap(problem, caches[i], phases[0].maps[i]);
            stream_.checkDriver(made, "describing the cache to the card");
            if (made != cudaSuccess)
                return;
        }
    }
    chain_.add(phases);
}

void AttentionOperations::visionAttention(const VisionAttention& op) {
    const std::int64_t patches = op.q.rows();
    const int heads = narrow(op.q.shape[1]);
    const int headDim = narrow(op.q.shape[2]);
    LAPIDARY_ASSERT(vectorised(headDim) && headDim <= 512);
    rotateVision({.q = halves(op.q),
                  .k = halves(op.k),
                  .v = halves(op.v),
                  .qNorm = floats(op.qNorm),
                  .kNorm = floats(op.kNorm),
                  .columns = integers(op.columns),
                  .rows = integers(op.rows),
                  .frequencies = floats(op.frequencies),
                  .patches = patches,
                  .heads = heads,
                  .headDim = headDim,
                  .epsilon = op.epsilon},
                 stream_.handle());
    // All patches see all patches: one run over a cache that is just them.
    AttentionProblem problem{.q = halves(op.q),
                             .k = halves(op.k),
                             .v = halves(op.v),
                             .out = halves(op.out),
                             .capacity = patches,
                             .rows = narrow(patches),
                             .heads = heads,
                             .kvHeads = heads,
                             .headDim = headDim};
    DeviceRuns all{.count = 1};
    all.at[0] = {.begin = 0, .end = patches};
    prefill(problem, all);
}

} // namespace lapidary::kernels::cuda
