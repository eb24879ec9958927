#pragma once

// A single row of x on its way to the B operands of a skinny product: what a block needs of it
// stands in shared memory as it is, quantised where the format asks for it.
#include "cuda/arch/fp8.cuh"
#include "cuda/hand_over.cuh"
#include "cuda/norm_phase.cuh"
#include "cuda/skinny_input.cuh"

namespace lapidary::kernels::cuda {

/// What a block shares of a product of one row.
///   kBytes  of the row at most (stagedRowBytes)
template <int kBytes>
struct RowShared {
    /// Products of a warpgroup read eight rows, each a chunk after the one before: what they read
    /// beyond the row means nothing.
    uint4 row[kBytes / 16 + 8];
    NormShared norm;
    unsigned largest[1]; ///< of a gated product: bits, ordered as magnitudes
};

/// Eight numbers from column `column` on into the row.
template <ProductFormat kFormat>
__device__ __forceinline__ void putEight(uint4* row, int column, const uint4& eight,
                                         const InputScale& scale) {
    if constexpr (kFormat == ProductFormat::Fp8)
        reinterpret_cast<uint2*>(row)[column / 8] = scale.quantise(eight);
    else
        row[column / 8] = eight;
}

/// The columns that `steps` steps of weights meet from step `first` of a group on, one after
/// another, each once.
template <ProductFormat kFormat>
__device__ __noinline__ InputScale stageRow(const SkinnyLaunch& launch, int first, int steps,
                                            uint4* row) {
    constexpr int kAtOnce = 4;
    const SkinnyProduct& p = launch.product;
    const int perStep = kStepPieces * pieceColumns(kFormat) / 8;
    const int all = launch.groupSteps * perStep;
    const int count = min(steps, launch.groupSteps) * perStep;
    InputScale scale{};
#pragma unroll 1
    for (int begin = 0; begin < count; begin += kWorkers * kAtOnce) {
        uint4 eights[kAtOnce];
        int columns[kAtOnce]; // −1: none
#pragma unroll
        for (int i = 0; i < kAtOnce; ++i) {
            const int done = begin + i * kWorkers + static_cast<int>(threadIdx.x);
            int at = first * perStep + done;
            at -= at >= all ? all : 0;
            columns[i] = done < count ? at * 8 : -1;
            eights[i] = {0, 0, 0, 0};
            if (columns[i] >= 0 && columns[i] < p.columns)
                eights[i] = lookAtEight(p.x + columns[i]);
        }
        if (kFormat == ProductFormat::Fp8 && begin == 0)
            scale = InputScale::of(__uint_as_float(largestOf(p.largest, p.pieces, p.handed)));
#pragma unroll
        for (int i = 0; i < kAtOnce; ++i) {
            if (p.handed && columns[i] >= 0 && columns[i] < p.columns)
                awaitEight(eights[i], p.x + columns[i]);
            if (columns[i] >= 0)
                putEight<kFormat>(row, (begin + i * kWorkers + static_cast<int>(threadIdx.x)) * 8,
                                  eights[i], scale);
        }
    }
    return scale;
}

/// The norm before a product, by every block for itself, and what it stores, by the first.
///   residual  [width], of the threads that norm it
///   columns   that weights meet: those beyond the width are zero
template <ProductFormat kFormat, int kVectors>
__device__ __noinline__ InputScale normIntoRow(const AddNormedProblem& p, int columns, uint4* row,
                                               Bf16* residual, NormShared& shared) {
    const RowNorm<kVectors> norm(p, shared);
    uint4 eights[kVectors];
    Vector x[kVectors], sum[kVectors], y[kVectors];
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
        eights[j] = lookAtEight(p.x + norm.at(j));
        sum[j] = {};
        if (norm.there(j)) // what is another's it is writing
            sum[j] = Vector::load(residual + norm.at(j));
    }
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
        awaitEight(eights[j], p.x + norm.at(j));
        x[j] = Vector::of(eights[j]);
    }
    norm.add(x, sum);
    const bool stores = blockIdx.x == 0;
#pragma unroll
    for (int j = 0; j < kVectors; ++j) {
        const uint4 bits = sum[j].round();
        if (norm.there(j)) {
            *reinterpret_cast<uint4*>(residual + norm.at(j)) = bits;
            if (stores)
                *reinterpret_cast<uint4*>(p.residual + norm.at(j)) = bits;
        }
    }
    norm.next(sum, y);
#pragma unroll
    for (int j = 0; j < kVectors; ++j)
        eights[j] = y[j].round();
    InputScale scale{};
    float most = 0;
    if (p.largest != nullptr) {
        most = norm.largest(y);
        scale = InputScale::of(most);
        if (stores && threadIdx.x == 0)
            *p.largest = most;
    }
#pragma unroll
    for (int j = 0; j < kVectors; ++j)
        if (norm.there(j)) {
            putEight<kFormat>(row, norm.at(j), eights[j], scale);
            if (stores)
                *reinterpret_cast<uint4*>(p.normed + norm.at(j)) = eights[j];
        }
    for (int at = static_cast<int>(p.width + threadIdx.x * 8); at < columns; at += kWorkers * 8)
        putEight<kFormat>(row, at, {0, 0, 0, 0}, scale);
    return scale;
}

/// A single row.
template <ProductFormat kFormat, int kBytes>
class SkinnyInput<kFormat, 1, RowShared<kBytes>> {
public:
    static constexpr int kPieceChunks =
        pieceColumns(kFormat) * (kFormat == ProductFormat::Fp8 ? 1 : 2) / 16;

    __device__ SkinnyInput(const SkinnyLaunch& launch, const SkinnyPart& part,
                           RowShared<kBytes>& shared)
        : launch_(launch)
        , shared_(shared)
        , first_(part.range.begin - part.firstGroup * launch.groupSteps)
        , steps_(part.range.end - part.range.begin) {}

    __device__ void begin(Bf16* residual) {
        const AddNormedProblem& norm = launch_.norm;
        int step = 0; // of those that stand in the row
        if (norm.rows > 0) {
            step = first_;
            const int columns = launch_.groupSteps * kStepPieces * pieceColumns(kFormat);
            scale_ =
                norm.width <= int64_t{2} * 8 * kWorkers
                    ? normIntoRow<kFormat, 2>(norm, columns, shared_.row, residual, shared_.norm)
                    : normIntoRow<kFormat, 4>(norm, columns, shared_.row, residual, shared_.norm);
        } else {
            scale_ = stageRow<kFormat>(launch_, first_, steps_, shared_.row);
        }
        fenceBoxes();
        workerSync();
        row_ = sharedAddress(shared_.row);
        next_ = row_ + static_cast<uint32_t>(step) * kStepBytes;
        end_ = row_ + static_cast<uint32_t>(launch_.groupSteps) * kStepBytes;
        // Kept in registers: they are needed step by step.
        asm volatile("" : "+r"(row_), "+r"(next_), "+r"(end_));
    }

    /// Where the pieces are that the next step meets, kPieceChunks apart.
    __device__ __forceinline__ uint32_t stage() {
        const uint32_t pieces = next_;
        next_ += kStepBytes;
        if (next_ == end_)
            next_ = row_;
        return pieces;
    }

    [[nodiscard]] __device__ float scale(int /*row*/) const { return scale_.scale; }

private:
    static constexpr uint32_t kStepBytes = kStepPieces * kPieceChunks * sizeof(uint4);

    const SkinnyLaunch& launch_;
    RowShared<kBytes>& shared_;
    const int first_; ///< step of the group
    const int steps_;
    uint32_t row_ = 0, next_ = 0, end_ = 0; ///< in shared memory
    InputScale scale_{};
};

} // namespace lapidary::kernels::cuda
