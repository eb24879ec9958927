#include "cpu/operations/rows.h"
#include "cpu/operations/vision.h"

#include <algorithm>

namespace lapidary::kernels {

void poolPatches(CpuContext& context, const Tensor& x, std::int64_t gridColumns, std::int64_t k,
                 float factor, const Tensor& bias, const Tensor& scale, const Tensor& y) {
    const std::int64_t width = x.rowSize();
    LAPIDARY_ASSERT(k > 0 && gridColumns > 0 && gridColumns % k == 0 && y.rowSize() == width);
    LAPIDARY_ASSERT(x.rows() % (gridColumns * k) == 0 && y.rows() * k * k == x.rows());
    LAPIDARY_ASSERT(bias.empty() || isVector(bias, width));
    LAPIDARY_ASSERT(scale.empty() || isVector(scale, width));
    const std::int64_t blocksAcross = gridColumns / k;
    const auto poolBlocks = [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t block = begin; block < end; ++block) {
            const std::int64_t corner =
                block / blocksAcross * k * gridColumns + block % blocksAcross * k;
            float* const to = rowOf(y, block);
            std::fill(to, to + width, 0.0F);
            for (std::int64_t patch = 0; patch < k * k; ++patch) {
                const float* const from = rowOf(x, corner + patch / k * gridColumns + patch % k);
                for (std::int64_t i = 0; i < width; ++i)
                    to[i] += from[i];
            }
            const auto patches = static_cast<float>(k * k);
            for (std::int64_t i = 0; i < width; ++i) {
                float mean = to[i] / patches * factor;
                if (!bias.empty())
                    mean -= floats(bias)[i];
                if (!scale.empty())
                    mean *= floats(scale)[i];
                to[i] = mean;
            }
        }
    };
    context.pool.forRanges(y.rows(), context.pool.grainFor(y.rows(), k * k * width), poolBlocks);
}

} // namespace lapidary::kernels
