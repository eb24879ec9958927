#include "cuda/head_operations.h"

#include "assert.h"
#include "cuda/candidates.h"
#include "cuda/card_weight.h"
#include "cuda/coarse_head.h"
#include "cuda/sample.h"
#include "cuda/tensors.h"

#include <memory>
#include <utility>

namespace lapidary::kernels::cuda {

namespace {

struct CardCoarseHead final : Weight::Packed {
    Buffer memory; ///< codes, then what is kept of rows
    CoarseMatrix matrix;
};

CoarseMatrix coarseOf(const CoarseHead& head) {
    return static_cast<const CardCoarseHead&>(*head.packed).matrix;
}

} // namespace

Expected<CoarseHead> HeadOperations::coarsen(const Weight& w) {
    const CardMatrix from = matrixOf(w);
    if (from.format != ProductFormat::Plain || !vectorised(w.columns())
        || w.columns() > kWidestCoarse || w.experts() != 1)
        return CoarseHead{};
    auto head = std::make_shared<CardCoarseHead>();
    CoarseMatrix& to = head->matrix;
    to.vocabulary = w.rows();
    to.columns = narrow(w.columns());
    const std::size_t bytes = coarseBytes(w.rows(), w.columns());
    auto memory = stream_.allocate(bytes);
    if (!memory)
        return std::unexpected(std::move(memory.error()));
    head->memory = std::move(*memory);
    to.codes = static_cast<uint4*>(head->memory.memory.get());
    to.rows = reinterpret_cast<CoarseRow*>(
        static_cast<std::byte*>(head->memory.memory.get()) + bytes
        - static_cast<std::size_t>(to.tiles() * kBoundedTokens) * sizeof(CoarseRow));
    cuda::coarsen(static_cast<const Bf16*>(from.numbers), to, stream_.handle());
    return CoarseHead{.packed = std::move(head), .bytes = bytes};
}

void HeadOperations::estimate(const Estimate& op) {
    const CoarseMatrix w = coarseOf(op.coarse);
    LAPIDARY_ASSERT(op.x.rowSize() == w.columns && op.logits.rowSize() == w.vocabulary
                    && op.logits.rows() == op.x.rows() && op.bounds.rows() == op.x.rows()
                    && op.bounds.rowSize() == boundsOf(w.vocabulary));
    const int rows = narrow(op.x.rows());
    auto* const digits = static_cast<uint4*>(stream_.scratch(digitBytes(w, rows)));
    if (digits == nullptr)
        return;
    cuda::estimate({.w = w,
                    .x = halves(op.x),
                    .digits = digits,
                    .logits = floats(op.logits),
                    .bounds = floats(op.bounds),
                    .rows = rows,
                    .multiprocessors = stream_.multiprocessors()},
                   stream_.handle());
}

bool HeadOperations::sample(const Sample& op) {
    const Sampling& sampling = op.sampling;
    const bool greedy = sampling.temperature <= 0;
    if (sampling.repetitionPenalty != 1.0F
        || (!greedy && (sampling.topK <= 0 || sampling.topK > kMostCandidates)))
        return false;
    const Estimate& estimate = *op.estimate;
    LAPIDARY_ASSERT(estimate.logits.data == op.logits.data
                    && estimate.logits.rows() == op.logits.rows());
    const CoarseMatrix coarse = coarseOf(estimate.coarse);
    const auto rows = static_cast<std::size_t>(op.logits.rows());
    const std::size_t banned = op.bannedTokens.size();
    auto* const numbers = static_cast<std::int32_t*>(
        stream_.scratch((banned + 2 * rows + rows * static_cast<std::size_t>(coarse.vocabulary))
                        * sizeof(std::int32_t)));
    if (numbers == nullptr)
        return true;
    stream_.upload(std::as_bytes(op.bannedTokens), numbers);
    const CandidateProblem candidates{.coarse = coarse,
                                      .w = static_cast<const Bf16*>(matrixOf(estimate.w).numbers),
                                      .x = halves(estimate.x),
                                      .cap = estimate.cap,
                                      .bounds = floats(estimate.bounds),
                                      .logits = floats(op.logits),
                                      .rows = narrow(op.logits.rows()),
                                      .wanted = greedy ? 1 : sampling.topK,
                                      .banned = numbers,
                                      .bannedCount = static_cast<int>(banned),
                                      .thresholds = reinterpret_cast<float*>(numbers + banned),
                                      .chosen = numbers + banned + 2 * rows,
                                      .chosenCounts = numbers + banned + rows,
                                      .multiprocessors = stream_.multiprocessors()};
    chooseCandidates(candidates, stream_.handle());
    cuda::sample({.logits = candidates.logits,
                  .rows = op.logits.rows(),
                  .vocabulary = coarse.vocabulary,
                  .sampling = op.sampling,
                  .firstPosition = op.firstPosition,
                  .seen = nullptr,
                  .seenCount = 0,
                  .banned = nullptr,
                  .bannedCount = 0,
                  .tokens = integers(op.tokens),
                  .chosen = candidates.chosen,
                  .chosenCounts = candidates.chosenCounts},
                 stream_.handle());
    return true;
}

} // namespace lapidary::kernels::cuda
