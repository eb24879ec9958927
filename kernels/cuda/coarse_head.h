#pragma once

#include "coarse.h"
#include "cuda/launch.h"
#include "estimate.h"

namespace lapidary::kernels::cuda {

/// A head in 8 bits in a card's memory (CoarseHead).
///
/// Codes lie as the tensor cores take them, so that a warp's reads are 512 bytes one after another:
/// tiles of 32 tokens; in a tile steps of 64 columns; in a step four times eight tokens; there lane
/// (g, t) has its token's 16 columns from 16 t on.
struct CoarseMatrix {
    uint4* codes = nullptr;    ///< [tiles, steps, 4, 32]
    CoarseRow* rows = nullptr; ///< [32 · tiles]; those beyond the vocabulary are zero
    std::int64_t vocabulary = 0;
    int columns = 0;

    [[nodiscard]] __host__ __device__ std::int64_t tiles() const { return (vocabulary + 31) / 32; }
    /// Even by fours: what is filled up is zero.
    [[nodiscard]] __host__ __device__ int steps() const { return (columns + 255) / 256 * 4; }
};

/// Fills the matrix.   w [vocabulary, columns], columns a multiple of 8 and at most kWidestCoarse
void coarsen(const Bf16* w, const CoarseMatrix& to, cudaStream_t stream);

/// backend.h, estimate, of 1 to 16 rows.
struct EstimateProblem {
    CoarseMatrix w;
    const Bf16* x = nullptr; ///< [rows, columns], on 16 bytes
    uint4* digits = nullptr; ///< scratch of digitBytes
    float* logits = nullptr; ///< [rows, vocabulary], neither capped nor exact
    float* bounds = nullptr; ///< [rows, boundsOf(vocabulary)]
    int rows = 0;
    int multiprocessors = 0;
};
[[nodiscard]] std::size_t digitBytes(const CoarseMatrix& w, int rows);
void estimate(const EstimateProblem& problem, cudaStream_t stream);

/// Of the row that Estimate::bounds has for a row of x.
struct RowBounds {
    float* reached;     ///< [groups]: at least this has the best token of the group
    float* possible;    ///< [groups]: and none has more than this
    CoarseInput* input; ///< of the row of x

    __host__ __device__ RowBounds(float* bounds, std::int64_t vocabulary, std::int64_t row) {
        reached = bounds + row * boundsOf(vocabulary);
        possible = reached + boundedGroups(vocabulary);
        input = reinterpret_cast<CoarseInput*>(possible + boundedGroups(vocabulary));
    }
};

} // namespace lapidary::kernels::cuda
