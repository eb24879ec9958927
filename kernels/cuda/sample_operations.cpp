#include "cuda/sample_operations.h"

#include "assert.h"
#include "cpu/operations/sample.h"
#include "cuda/sample.h"
#include "cuda/tensors.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <vector>

namespace lapidary::kernels::cuda {

namespace {

/// The tokens that count for the penalty, each once and none that is banned, then those banned.
std::vector<std::int32_t> listedTokens(const Sample& op) {
    std::vector<std::int32_t> listed;
    if (op.sampling.repetitionPenalty != 1.0F) {
        std::vector<bool> counted(static_cast<std::size_t>(op.logits.rowSize()));
        const auto isNew = [&](std::int32_t token) {
            const auto id = static_cast<std::size_t>(token);
            LAPIDARY_ASSERT(token >= 0 && id < counted.size());
            const bool before = counted[id];
            counted[id] = true;
            return !before;
        };
        std::ranges::for_each(op.bannedTokens, isNew);
        std::ranges::copy_if(op.seenTokens, std::back_inserter(listed), isNew);
    }
    listed.insert(listed.end(), op.bannedTokens.begin(), op.bannedTokens.end());
    return listed;
}

/// Of how many of the best tokens one is drawn.
int wantedOf(const Sampling& sampling, std::int64_t vocabulary) {
    return sampling.temperature <= 0 ? 1
                                     : narrow(std::min<std::int64_t>(sampling.topK, vocabulary));
}

} // namespace

bool SampleOperations::drawsOnCard(const Sampling& sampling) {
    return sampling.temperature <= 0 || (sampling.topK > 0 && sampling.topK <= kMostCandidates);
}

void SampleOperations::sample(const Sample& op) {
    if (drawsOnCard(op.sampling))
        draw(op, {});
    else
        onHost(op);
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

void SampleOperations::draw(const Sample& op, EstimatedLogits estimated) {
    const std::int64_t rows = op.logits.rows();
    const std::int64_t vocabulary = op.logits.rowSize();
    const std::vector<std::int32_t> listed = listedTokens(op);
    const std::size_t bytes = candidateBytes(rows, vocabulary);
    auto* const scratch =
        static_cast<std::byte*>(stream_.scratch(bytes + listed.size() * sizeof(std::int32_t)));
    if (scratch == nullptr)
        return;
    auto* const tokens = reinterpret_cast<std::int32_t*>(scratch + bytes);
    const int banned = narrow(static_cast<std::int64_t>(op.bannedTokens.size()));
    stream_.upload(std::as_bytes(std::span(listed)), tokens);
    if (estimated.w != nullptr) {
        estimated.banned = tokens;
        estimated.bannedCount = banned;
    } else {
        adjust({.logits = floats(op.logits),
                .rows = rows,
                .vocabulary = vocabulary,
                .penalty = op.sampling.repetitionPenalty,
                .tokens = tokens,
                .seenCount = narrow(static_cast<std::int64_t>(listed.size())) - banned,
                .bannedCount = banned},
               stream_.handle());
    }
    const CandidateProblem candidates{.logits = floats(op.logits),
                                      .rows = rows,
                                      .vocabulary = vocabulary,
                                      .wanted = wantedOf(op.sampling, vocabulary),
                                      .estimated = estimated,
                                      .space = {scratch, rows, vocabulary},
                                      .multiprocessors = stream_.multiprocessors()};
    chooseCandidates(candidates, stream_.handle());
    cuda::draw({.logits = candidates.logits,
                .rows = rows,
                .vocabulary = vocabulary,
                .sampling = op.sampling,
                .wanted = candidates.wanted,
                .firstPosition = op.firstPosition,
                .candidates = candidates.space.words,
                .groups = candidates.groups(),
                .tokens = integers(op.tokens)},
               stream_.handle());
}

} // namespace lapidary::kernels::cuda
