#include "cuda/sample_operations.h"

#include "assert.h"
#include "cpu/operations/sample.h"
#include "cuda/sample.h"
#include "cuda/tensors.h"

#include <cstdint>
#include <span>
#include <vector>

namespace lapidary::kernels::cuda {

void SampleOperations::sample(const Sample& op) {
    if (op.sampling.temperature > 0
        && (op.sampling.topK <= 0 || op.sampling.topK > kMostCandidates))
        onHost(op);
    else
        onCard(op);
}

void SampleOperations::onHost(const Sample& op) {
    std::vector<float> logits(static_cast<std::size_t>(op.logits.elements()));
    std::vector<std::int32_t> tokens(static_cast<std::size_t>(op.tokens.elements()));
    stream_.enter();
    stream_.download(op.logits.data, std::as_writable_bytes(std::span(logits)));
    stream_.drain();
    Sample host = op;
    host.logits.data = logits.data();
    host.tokens.data = tokens.data();
    CpuContext context(1);
    kernels::sample(context, host);
    stream_.upload(std::as_bytes(std::span(tokens)), op.tokens.data);
}

void SampleOperations::onCard(const Sample& op) {
    std::vector<std::int32_t> lists;
    if (op.sampling.repetitionPenalty != 1.0F) {
        // Each seen token counts once.
        std::vector<bool> counted(static_cast<std::size_t>(op.logits.rowSize()));
        for (const std::int32_t token : op.seenTokens) {
            const auto id = static_cast<std::size_t>(token);
            LAPIDARY_ASSERT(token >= 0 && id < counted.size());
            if (!counted[id])
                lists.push_back(token);
            counted[id] = true;
        }
    }
    const auto seen = narrow(static_cast<std::int64_t>(lists.size()));
    lists.insert(lists.end(), op.bannedTokens.begin(), op.bannedTokens.end());
    auto* const listed =
        static_cast<std::int32_t*>(stream_.scratch(lists.size() * sizeof(std::int32_t) + 4));
    if (listed == nullptr)
        return;
    stream_.upload(std::as_bytes(std::span(lists)), listed);
    cuda::sample({.logits = floats(op.logits),
                  .rows = op.logits.rows(),
                  .vocabulary = op.logits.rowSize(),
                  .sampling = op.sampling,
                  .firstPosition = op.firstPosition,
                  .seen = listed,
                  .seenCount = seen,
                  .banned = listed + seen,
                  .bannedCount = narrow(static_cast<std::int64_t>(op.bannedTokens.size())),
                  .tokens = integers(op.tokens)},
                 stream_.handle());
}

} // namespace lapidary::kernels::cuda
