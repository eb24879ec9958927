#include "cpu/operations/elementwise.h"
#include "cpu/operations/linear.h"
#include "cpu/operations/mlp.h"
#include "cpu/operations/rows.h"

#include <array>

namespace lapidary::kernels {

void gatedMlp(CpuContext& context, const GatedMlp& op) {
    const std::int64_t rows = op.x.rows();
    const std::int64_t width = op.gate.rows();
    LAPIDARY_ASSERT(op.up.rows() == width && op.down.columns() == width);
    LAPIDARY_ASSERT(op.gate.columns() == op.x.rowSize() && op.up.columns() == op.x.rowSize());
    LAPIDARY_ASSERT(op.down.rows() == op.y.rowSize() && op.y.rows() == rows);
    LAPIDARY_ASSERT(op.scratch.rows() == 2 * rows && op.scratch.rowSize() == width);
    const Tensor gate = op.scratch.slice(0, rows);
    const Tensor up = op.scratch.slice(rows, rows);
    bool enough = true;
    if (samePacking(op.gate, op.up)) {
        enough = multiplyPanels(
            context,
            std::array{Product{.weight = &op.gate, .y = gate}, Product{.weight = &op.up, .y = up}},
            op.x);
    } else {
        enough = multiplyPanels(context, std::array{Product{.weight = &op.gate, .y = gate}}, op.x)
                 && multiplyPanels(context, std::array{Product{.weight = &op.up, .y = up}}, op.x);
    }
    if (!enough)
        return;
    geluMultiply(context, gate, up, gate);
    multiplyPanels(context, std::array{Product{.weight = &op.down, .y = op.y}}, gate);
}

} // namespace lapidary::kernels
