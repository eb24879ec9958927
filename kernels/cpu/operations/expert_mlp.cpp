#include "cpu/host_weight.h"
#include "cpu/operations/elementwise.h"
#include "cpu/operations/linear.h"
#include "cpu/operations/mlp.h"
#include "cpu/operations/rows.h"

#include <algorithm>
#include <vector>

namespace lapidary::kernels {

namespace {

/// The pairs (row, rank) in the order of their experts, so that each expert is read once.
struct Assignment {
    std::vector<std::int64_t> pairs; ///< row · topK + rank
    std::vector<std::size_t> ends;   ///< expert e owns pairs [ends[e − 1], ends[e])
};

Assignment byExpert(const Tensor& chosen, std::int64_t experts) {
    const std::int32_t* const expertOf = integers(chosen);
    Assignment assignment;
    std::vector<std::size_t> places(static_cast<std::size_t>(experts) + 1);
    for (std::int64_t pair = 0; pair < chosen.elements(); ++pair) {
        LAPIDARY_ASSERT(expertOf[pair] >= 0 && expertOf[pair] < experts);
        ++places[static_cast<std::size_t>(expertOf[pair]) + 1];
    }
    for (std::size_t e = 1; e < places.size(); ++e)
        places[e] += places[e - 1];
    assignment.ends.assign(places.begin() + 1, places.end());
    assignment.pairs.resize(static_cast<std::size_t>(chosen.elements()));
    for (std::int64_t pair = 0; pair < chosen.elements(); ++pair)
        assignment.pairs[places[static_cast<std::size_t>(expertOf[pair])]++] = pair;
    return assignment;
}

/// One product for each expert that has rows. x and y: one row a pair, in the order of the pairs.
void multiplyByExpert(ThreadPool& pool, const Weight& weight, const Assignment& assignment,
                      std::span<const float* const> x, std::span<float* const> y) {
    std::vector<LinearJob> jobs;
    std::size_t begin = 0;
    for (std::size_t e = 0; e < assignment.ends.size(); ++e) {
        for (; begin < assignment.ends[e];) {
            const std::size_t rows =
                std::min(assignment.ends[e] - begin, static_cast<std::size_t>(kPanelRows));
            jobs.push_back({.weights = matrixOf(weight, static_cast<std::int64_t>(e)),
                            .scales = scalesOf(weight, static_cast<std::int64_t>(e)),
                            .format = weight.format(),
                            .channels = weight.rows(),
                            .columns = weight.columns(),
                            .x = x.subspan(begin, rows),
                            .y = y.subspan(begin, rows)});
            begin += rows;
        }
    }
    runJobs(pool, jobs);
}

/// `count` rows of `width` floats from `first` on.
std::vector<float*> rowsAt(float* first, std::size_t count, std::int64_t width) {
    std::vector<float*> rows(count);
    for (std::size_t r = 0; r < count; ++r)
        rows[r] = first + static_cast<std::int64_t>(r) * width;
    return rows;
}

} // namespace

void expertMlp(CpuContext& context, const ExpertMlp& op) {
    const std::int64_t rows = op.x.rows();
    const std::int64_t hidden = op.x.rowSize();
    const std::int64_t width = op.down.columns();
    const std::int64_t topK = op.chosen.rowSize();
    const std::int64_t pairCount = rows * topK;
    LAPIDARY_ASSERT(op.gateUp.rows() == 2 * width && op.gateUp.columns() == hidden);
    LAPIDARY_ASSERT(op.down.rows() == hidden && op.gateUp.experts() == op.down.experts());
    LAPIDARY_ASSERT(op.y.rows() == rows && op.y.rowSize() == hidden && op.chosen.rows() == rows);
    LAPIDARY_ASSERT(op.weights.rows() == rows && op.weights.rowSize() == topK);
    LAPIDARY_ASSERT(op.scratch.elements() >= pairCount * (3 * width + hidden));

    const Assignment assignment = byExpert(op.chosen, op.gateUp.experts());
    const auto count = static_cast<std::size_t>(pairCount);
    float* const gateUps = floats(op.scratch);
    float* const activations = gateUps + pairCount * 2 * width;
    float* const downs = activations + pairCount * width;

    // Every row once packed, then shared by the pairs that name it.
    const std::int64_t xSize = packedSize(hidden);
    const std::int64_t activationSize = packedSize(width);
    const auto packedFloats =
        static_cast<std::size_t>(std::max(rows * xSize, pairCount * activationSize));
    float* const packed = context.packedRows.floats(packedFloats);
    if (packed == nullptr) {
        context.outOfMemory();
        return;
    }
    const auto packedX = rowsAt(packed, static_cast<std::size_t>(rows), xSize);
    const auto inputs = rowsAt(floats(op.x), static_cast<std::size_t>(rows), hidden);
    packRows(context.pool, op.gateUp, std::vector<const float*>(inputs.begin(), inputs.end()),
             packedX);
    std::vector<const float*> x(count);
    for (std::size_t i = 0; i < count; ++i)
        x[i] = packedX[static_cast<std::size_t>(assignment.pairs[i] / topK)];
    const auto gateUpRows = rowsAt(gateUps, count, 2 * width);
    multiplyByExpert(context.pool, op.gateUp, assignment, x, gateUpRows);

    const auto activationRows = rowsAt(activations, count, width);
    activatePairs(context, gateUpRows, width, activationRows);

    const auto packedActivations = rowsAt(packed, count, activationSize);
    packRows(context.pool, op.down,
             std::vector<const float*>(activationRows.begin(), activationRows.end()),
             packedActivations);
    // The rows come back in the order of (row, rank), in which they are summed.
    std::vector<float*> downRows(count);
    for (std::size_t i = 0; i < count; ++i)
        downRows[i] = downs + assignment.pairs[i] * hidden;
    multiplyByExpert(context.pool, op.down, assignment,
                     std::vector<const float*>(packedActivations.begin(), packedActivations.end()),
                     downRows);
    sumExperts(context, {downs, DType::F32, {rows, topK, hidden}}, op.weights, op.y);
}

} // namespace lapidary::kernels
