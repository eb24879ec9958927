#pragma once

// The way of several rows of x to the B operands of a skinny product: a warp fetches one piece of
// all rows to memory of its own, long before it is needed, and later hands it to the block,
// quantised where the format asks for it.
#include "cuda/arch/fp8.cuh"
#include "cuda/hand_over.cuh"
#include "cuda/skinny_part.cuh"

namespace lapidary::kernels::cuda {

/// Columns of x that meet a piece of weights.
__host__ __device__ constexpr int pieceColumns(ProductFormat format) {
    return format == ProductFormat::Plain ? kPieceBytes / 2 : kPieceBytes;
}

/// A piece of rows of x, as 16-byte chunks: a row's neighbours have theirs in other banks, where
/// products of a warpgroup look for them.
template <ProductFormat kFormat>
struct SkinnyStage {
    static constexpr int kChunks =
        pieceColumns(kFormat) * (kFormat == ProductFormat::Fp8 ? 1 : 2) / 16; // of a row

    __device__ static int place(int row, int chunk) { return row * kChunks + (chunk ^ (row & 7)); }
};

/// Pieces of x on their way: of each warp kRounds, of eight rows.
template <int kRounds>
struct SkinnyPieces {
    uint4 chunks[kSkinnyWarps][kRounds][4][32];
};

/// A warp's pieces of up to eight rows, from `first` on. A lane takes eight columns of a row of
/// each part of a piece. What stands in shared memory is kept in registers: it would be read anew
/// after every copy.
template <ProductFormat kFormat, int kRounds>
class SkinnyRows {
public:
    __device__ SkinnyRows(const SkinnyProduct& product, SkinnyPieces<kRounds>& pieces, int first)
        : rows_(min(product.rows - first, 8))
        , first_(first)
        , row_(static_cast<int>(threadIdx.x % 32) / kLanes)
        , chunk_(static_cast<int>(threadIdx.x % kLanes))
        , columns_(product.columns)
        , handed_(product.handed)
        , x_(product.x + (first + row_) * product.columns + chunk_ * 8)
        , chunks_(pieces.chunks[threadIdx.x / 32]) {}

    /// Begins to copy the piece of the round after the last; of a round that has none, nothing.
    ///   piece  −1: none; beyond the row: zeros
    __device__ void fetch(int piece) {
        if (piece >= 0) {
            const int column = piece * pieceColumns(kFormat);
            const bool within = column + chunk_ * 8 < columns_;
            const Bf16* from = x_ + column;
            uint4* const to = &chunks_[fetched_ % kRounds][0][threadIdx.x % 32];
            eachPart([&](int part, int row) {
                if (within && row < rows_)
                    copyAsync(to + part * 32, from, true);
                else
                    to[part * 32] = {0, 0, 0, 0};
                from += kRowsOfPart * columns_;
            });
        }
        commitCopies();
        ++fetched_;
    }

    /// Stages the next round's piece: the first, when no other has been fetched, and then always
    /// one that kRounds − 1 others were fetched after.
    ///   piece   as it was fetched
    ///   scales  [rows]; for Fp8
    __device__ void put(int piece, uint4* stage, const InputScale* scales) {
        if (put_ == 0)
            waitCopies<0>();
        else
            waitCopies<kRounds - 1>();
        const uint4* const from = &chunks_[put_ % kRounds][0][threadIdx.x % 32];
        const int column = piece * pieceColumns(kFormat);
        const bool awaits = handed_ && piece >= 0 && column + chunk_ * 8 < columns_;
        const Bf16* x = x_ + column;
        eachPart([&](int part, int row) {
            if (row < rows_) {
                uint4 eight = from[part * 32];
                if (awaits && misses(eight))
                    awaitEight(eight, x);
                putEight(stage, first_ + row, eight, scales);
            }
            x += kRowsOfPart * columns_;
        });
        ++put_;
    }

private:
    static constexpr int kLanes = pieceColumns(kFormat) / 8; ///< of a row
    static constexpr int kRowsOfPart = 32 / kLanes;

    /// Of several rows numbers are handed over four at a time.
    __device__ static bool misses(const uint4& eight) {
        return (eight.x & 0xFFFFU) == 0xFFFFU || (eight.z & 0xFFFFU) == 0xFFFFU;
    }

    /// Calls take(part, row of this lane) for each part of a piece.
    template <class Take>
    __device__ void eachPart(Take take) const {
#pragma unroll
        for (int part = 0; part < 8 / kRowsOfPart; ++part)
            if (part * kRowsOfPart < rows_)
                take(part, part * kRowsOfPart + row_);
    }

    __device__ void putEight(uint4* stage, int row, const uint4& eight,
                             const InputScale* scales) const {
        if constexpr (kFormat == ProductFormat::Fp8) {
            const InputScale scale = scales[row];
            reinterpret_cast<uint2*>(
                &stage[SkinnyStage<kFormat>::place(row, chunk_ / 2)])[chunk_ % 2] =
                scale.quantise(eight);
        } else {
            stage[SkinnyStage<kFormat>::place(row, chunk_)] = eight;
        }
    }

    const int rows_;        ///< from `first` on
    const int first_;       ///< row
    const int row_, chunk_; ///< of a part, that fall to this lane
    const int columns_;
    const bool handed_;
    const Bf16* const x_; ///< this lane's part of piece 0
    uint4 (*const chunks_)[4][32];
    unsigned fetched_ = 0, put_ = 0; ///< rounds
};

/// What a block shares of a product of several rows.
///   kRounds  of x on their way
template <int kRounds>
struct SkinnyShared {
    static constexpr int kStageChunks = 512; ///< of x that are staged at once: 8 KiB
    uint4 stages[2][kStageChunks];
    SkinnyPieces<kRounds> pieces;
    InputScale scales[kSkinnyRows]; ///< of the rows of x
    unsigned largest[kSkinnyRows];  ///< of the rows of a gated product: bits, ordered as magnitudes
};

/// The largest of a row's `pieces`, the bits of it, found by a warp.
__device__ __forceinline__ unsigned largestOf(const float* from, int pieces, bool handed) {
    constexpr int kAtOnce = 5; // of a lane: all that a product of 132 blocks leaves
    unsigned largest = 0;
#pragma unroll 1
    for (int begin = threadIdx.x % 32; begin < pieces; begin += 32 * kAtOnce) {
        unsigned bits[kAtOnce];
#pragma unroll
        for (int i = 0; i < kAtOnce; ++i)
            bits[i] = begin + 32 * i < pieces
                          ? lookAt(reinterpret_cast<const unsigned*>(from + begin + 32 * i))
                          : 0;
#pragma unroll
        for (int i = 0; i < kAtOnce; ++i) {
            if (handed && bits[i] == kNothing)
                bits[i] = awaitNumber(from + begin + 32 * i);
            largest = max(largest, bits[i]);
        }
    }
    return __reduce_max_sync(~0U, largest);
}

/// Of the rows of x that fall to the warp.
__device__ __forceinline__ void findScales(const SkinnyProduct& p, InputScale* scales) {
#pragma unroll 1
    for (int row = threadIdx.x / 32; row < p.rows; row += kSkinnyWarps) {
        const unsigned most = largestOf(p.largest + row * p.pieces, p.pieces, p.handed);
        if (threadIdx.x % 32 == 0)
            scales[row] = InputScale::of(__uint_as_float(most));
    }
}

/// The rows of x that the steps of a block's range meet, in turn. Whatever shares the block's
/// memory says how they come.
template <ProductFormat kFormat, int kRows, class Shared>
class SkinnyInput;

/// Several rows: those of some steps are staged at once, the next while these are used.
template <ProductFormat kFormat, int kRows, int kRounds>
class SkinnyInput<kFormat, kRows, SkinnyShared<kRounds>> {
    static constexpr int kSets = (kRows + 7) / 8;
    using Shared = SkinnyShared<kRounds>;

public:
    static constexpr int kPieceChunks = SkinnyStage<kFormat>::kChunks * kSets * 8;

    __device__ SkinnyInput(const SkinnyLaunch& launch, const SkinnyPart& part, Shared& shared)
        : launch_(launch)
        , shared_(shared)
        , own_(static_cast<int>(threadIdx.x / 32) / kSets)
        , groupPieces_(launch.groupSteps * kStepPieces)
        , end_(part.range.end)
        , next_(part.range.begin + own_ / kStepPieces, own_ % kStepPieces, launch.groupSteps)
        , ahead_(next_)
        , rows_(launch.product, shared.pieces, static_cast<int>(threadIdx.x / 32) % kSets * 8) {}

    __device__ void begin(const Bf16* /*residual*/) {
        fetch();
        if (kFormat == ProductFormat::Fp8)
            findScales(launch_.product, shared_.scales);
        workerSync();
    }

    /// Where the pieces are that the next step meets, kPieceChunks apart.
    __device__ __forceinline__ uint32_t stage() {
        if (at_ == kStagedSteps) {
            // The other half is free: all have met since it was used.
            buffer_ ^= 1;
            if (own_ < kStaged)
                rows_.put(take(next_), shared_.stages[buffer_] + own_ * kPieceChunks,
                          shared_.scales);
            fenceBoxes();
            workerSync();
            // First what is needed first, then all others that there is memory for.
            for (int round = first_ ? kRounds : 1; round > 0; --round)
                fetch();
            first_ = false;
            at_ = 0;
        }
        return sharedAddress(shared_.stages[buffer_] + at_++ * kStepPieces * kPieceChunks);
    }

    [[nodiscard]] __device__ float scale(int row) const { return shared_.scales[row].scale; }

private:
    static constexpr int kStaged = Shared::kStageChunks / kPieceChunks; ///< pieces at once
    static constexpr int kStagedSteps = kStaged / kStepPieces;

    /// The pieces of this warp, one after another.
    struct Turn {
        int step, piece;

        __device__ Turn(int step, int ofStep, int groupSteps)
            : step(step), piece(step % groupSteps * kStepPieces + ofStep) {}
    };
    /// The next one, or −1.
    [[nodiscard]] __device__ int take(Turn& turn) const {
        const int piece = own_ < kStaged && turn.step < end_ ? turn.piece : -1;
        turn.step += kStagedSteps;
        turn.piece += kStaged;
        while (turn.piece >= groupPieces_)
            turn.piece -= groupPieces_;
        return piece;
    }
    __device__ void fetch() { rows_.fetch(take(ahead_)); }

    const SkinnyLaunch& launch_;
    Shared& shared_;
    const int own_; ///< a warp takes a piece of those that are staged at once, or eight rows of it
    const int groupPieces_, end_;
    Turn next_;  ///< to be staged
    Turn ahead_; ///< to be fetched
    SkinnyRows<kFormat, kRounds> rows_;
    int at_ = kStagedSteps; ///< of the steps that are staged
    int buffer_ = 1;
    bool first_ = true;
};

} // namespace lapidary::kernels::cuda
