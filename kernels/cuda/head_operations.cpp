#include "cuda/head_operations.h"

#include "assert.h"
#include "cuda/card_weight.h"
#include "cuda/coarse_head.h"
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
    if (op.sampling.repetitionPenalty != 1.0F || !SampleOperations::drawsOnCard(op.sampling))
        return false;
    const Estimate& estimate = *op.estimate;
    LAPIDARY_ASSERT(estimate.logits.data == op.logits.data
                    && estimate.logits.rows() == op.logits.rows());
    samples_.draw(op, {.w = static_cast<const Bf16*>(matrixOf(estimate.w).numbers),
                       .x = halves(estimate.x),
                       .coarse = coarseOf(estimate.coarse),
                       .cap = estimate.cap,
                       .bounds = floats(estimate.bounds)});
    return true;
}

} // namespace lapidary::kernels::cuda
