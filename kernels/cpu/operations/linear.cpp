#include "cpu/operations/linear.h"

#include "cpu/host_weight.h"
#include "cpu/operations/rows.h"
#include "quantise.h"

#include <algorithm>
#include <array>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/operations/linear.cpp"
#include <hwy/foreach_target.h>

#include "cpu/operations/simd-inl.h"

// The product y = W x for rows that lie beside each other in memory. Both operands run along k, so
// a vector of W meets a vector of x and each (row, channel) has one vector accumulator that is
// reduced at the end. Two vectors of weights make a step: 2 · lanes bf16 numbers are one load, of
// which the even ones are the words shifted left and the odd ones the words with their lower half
// cleared, one instruction each. The rows are packed once to match: the even numbers of a step,
// then the odd ones. An e4m3 number becomes an f16 of 2⁻⁸ its value by moving its bits, and an f32
// in one more instruction; the factor comes back with the scales, after the reduction.
//
// Tiles are kTileRows × kTileChannels accumulators, in registers. For many rows k is cut into
// blocks whose weights stay in the first cache level while the rows pass by from the second;
// between blocks the accumulators rest in memory, which changes no bit of them.

HWY_BEFORE_NAMESPACE();
namespace lapidary::kernels::HWY_NAMESPACE {

constexpr std::int64_t kStep = 2 * static_cast<std::int64_t>(kLanes);

// 4 × 4 accumulators, 8 vectors of x and 2 of weights fill 26 of 32 registers; AVX2 has 16.
constexpr int kTileRows = HWY_TARGET == HWY_AVX2 ? 3 : 4;
constexpr int kTileChannels = 4;

// One or two rows wait for memory, and the more channels are under way the less: on one Zen 4 core
// one row of 12B layers reached 78 to 90 % of a read loop with 16 channels, 83 % with 8, 65 %
// with 4.
constexpr int kOneRowChannels = HWY_TARGET == HWY_AVX2 ? 8 : 16;
constexpr int kTwoRowChannels = HWY_TARGET == HWY_AVX2 ? 4 : 8;

// Channels that share the accumulators in memory: 64 rows × 16 × 64 bytes are 64 KiB of the second
// cache level.
constexpr std::int64_t kBlockChannels = 16;

// 4 channels × 1024 × 2 bytes are a quarter of a first cache level of 32 KiB.
constexpr std::int64_t kBlockColumns = 1024;

/// The two vectors of a step, of `count` ≤ kStep weights.
struct Bf16Step {
    static constexpr std::size_t kSize = 2;
    static constexpr bool kScaled = false;
    Floats first;
    Floats second;

    HWY_INLINE explicit Bf16Step(const std::byte* from) { split(loadBytes(from)); }
    HWY_INLINE Bf16Step(const std::byte* from, std::size_t count) {
        split(loadBytes(from, count * kSize));
    }

private:
    HWY_INLINE void split(hn::Vec<Bytes> numbers) {
        const hn::RebindToUnsigned<FloatTag> words;
        const auto pairs = hn::BitCast(words, numbers);
        first = hn::BitCast(kFloats, hn::ShiftLeft<16>(pairs));
        second = hn::BitCast(kFloats, hn::And(pairs, hn::Set(words, 0xFFFF0000U)));
    }
};

struct F32Step {
    static constexpr std::size_t kSize = 4;
    static constexpr bool kScaled = false;
    Floats first;
    Floats second;

    HWY_INLINE explicit F32Step(const std::byte* from)
        : first(hn::BitCast(kFloats, loadBytes(from)))
        , second(hn::BitCast(kFloats, loadBytes(from + kLanes * kSize))) {}
    HWY_INLINE F32Step(const std::byte* from, std::size_t count)
        : first(hn::BitCast(kFloats, loadBytes(from, std::min(count, kLanes) * kSize)))
        , second(hn::BitCast(kFloats, loadBytes(from + kLanes * kSize,
                                                (count - std::min(count, kLanes)) * kSize))) {}
};

/// 0x7F and 0xFF, NaN, which no source has (e4m3_codes.h), are read as ±480.
struct Fp8Step {
    static constexpr std::size_t kSize = 1;
    static constexpr bool kScaled = true;
    static constexpr float kFactor = 256;
    Floats first;
    Floats second;

    HWY_INLINE explicit Fp8Step(const std::byte* from) {
        widen(hn::LoadU(Codes(), reinterpret_cast<const std::int8_t*>(from)));
    }
    HWY_INLINE Fp8Step(const std::byte* from, std::size_t count) {
        widen(hn::LoadN(Codes(), reinterpret_cast<const std::int8_t*>(from), count));
    }

private:
    using Shorts = hn::Repartition<std::int16_t, FloatTag>;
    using Codes = hn::Rebind<std::int8_t, Shorts>;

    HWY_INLINE void widen(hn::Vec<Codes> codes) {
        // seeeemmm → ssssssssseeeemmm → s0eeeemmm0000000: the bit above the exponent is cleared.
        const Shorts shorts;
        const auto bits = hn::And(hn::ShiftLeft<7>(hn::PromoteTo(shorts, codes)),
                                  hn::Set(shorts, static_cast<std::int16_t>(0xBFFF)));
        const auto halves = hn::BitCast(hn::Repartition<hwy::float16_t, FloatTag>(), bits);
        first = hn::PromoteLowerTo(kFloats, halves);
        second = hn::PromoteUpperTo(kFloats, halves);
    }
};

/// What a tile reads and writes.
struct Tile {
    const std::byte* weights;  ///< the first of its channels
    const float* scales;       ///< likewise; null where the weights have none
    std::size_t channelBytes;  ///< from one channel to the next
    const float* const* x;     ///< its rows
    std::int64_t rowScale;     ///< where in a row its scale is
    std::int64_t begin;        ///< of the columns, a multiple of kStep
    std::int64_t end;          ///< likewise, or the number of columns
    bool first;                ///< the accumulators begin at zero
    bool last;                 ///< the sums go to y
    float* accumulators;       ///< [rows, kBlockChannels, lanes]; unused where first and last
    float* const* y;           ///< its rows
    std::int64_t channel;      ///< index in y of its first channel
    std::int64_t blockChannel; ///< index in `accumulators`
    bool lastRows;             ///< no tile after this one reads the same weights
};

// Bytes of each channel that are asked for before they are needed. 16 channels have 4 KiB on the
// way: more than the 2.5 KiB that arrive in 100 ns at 25 GB/s. 128 and 512 lost 10 % of one row's
// speed.
constexpr std::size_t kPrefetch = 256;

/// sums += W x over one step.
template <class Step, int Rows, int Channels, class... Count>
HWY_INLINE void multiplyStep(const Tile& tile, std::int64_t k, Floats (&sums)[Rows][Channels],
                             Count... count) {
    Floats firsts[Rows];
    Floats seconds[Rows];
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
        firsts[r] = hn::Load(kFloats, tile.x[r] + k);
        seconds[r] = hn::Load(kFloats, tile.x[r] + k + kLanes);
    }
    const std::byte* from = tile.weights + static_cast<std::size_t>(k) * Step::kSize;
#pragma GCC unroll 8
    for (int c = 0; c < Channels; ++c) {
        const Step w(from + static_cast<std::size_t>(c) * tile.channelBytes, count...);
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r)
            sums[r][c] = hn::MulAdd(w.first, firsts[r], sums[r][c]);
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r)
            sums[r][c] = hn::MulAdd(w.second, seconds[r], sums[r][c]);
    }
}

template <class Step, int Rows, int Channels>
HWY_NOINLINE void multiplyTile(const Tile& tile) {
    const auto place = [&](int r, int c) {
        return tile.accumulators
               + static_cast<std::size_t>(r * kBlockChannels + tile.blockChannel + c) * kLanes;
    };
    Floats sums[Rows][Channels];
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
        for (int c = 0; c < Channels; ++c)
            sums[r][c] = tile.first ? hn::Zero(kFloats) : hn::Load(kFloats, place(r, c));
    }
    std::int64_t k = tile.begin;
    // Where this tile ends, the next one of as many channels begins; blocks of k go on below.
    const bool whole = tile.first && tile.last;
    const std::int64_t turn = tile.end - static_cast<std::int64_t>(kPrefetch / Step::kSize);
    const std::size_t toNext = static_cast<std::size_t>(Channels) * tile.channelBytes;
    for (; k + kStep <= tile.end; k += kStep) {
        if (tile.lastRows) {
            const std::size_t ahead = k < turn ? kPrefetch : kPrefetch + toNext - tile.channelBytes;
            const std::byte* const next =
                tile.weights + static_cast<std::size_t>(k) * Step::kSize + (whole ? ahead : toNext);
#pragma GCC unroll 8
            for (int c = 0; c < Channels; ++c)
                hwy::Prefetch(next + static_cast<std::size_t>(c) * tile.channelBytes);
        }
        multiplyStep<Step, Rows, Channels>(tile, k, sums);
    }
    if (k < tile.end)
        multiplyStep<Step, Rows, Channels>(tile, k, sums, static_cast<std::size_t>(tile.end - k));
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
        for (int c = 0; c < Channels; ++c) {
            if (!tile.last) {
                hn::Store(sums[r][c], kFloats, place(r, c));
                continue;
            }
            float sum = hn::ReduceSum(kFloats, sums[r][c]);
            if constexpr (Step::kScaled)
                sum = sum * Step::kFactor * tile.scales[c] * tile.x[r][tile.rowScale];
            tile.y[r][tile.channel + c] = sum;
        }
    }
}

template <class Step, int Channels, int MostRows>
void multiplyRows(const Tile& tile, std::int64_t rows) {
    Tile part = tile;
    std::int64_t row = 0;
    for (; row + MostRows <= rows; row += MostRows) {
        part.lastRows = row + MostRows == rows;
        multiplyTile<Step, MostRows, Channels>(part);
        part.x += MostRows;
        part.y += MostRows;
        part.accumulators += static_cast<std::size_t>(MostRows * kBlockChannels) * kLanes;
    }
    part.lastRows = true;
    if constexpr (MostRows > 3)
        if (rows - row == 3)
            return multiplyTile<Step, 3, Channels>(part);
    if constexpr (MostRows > 2)
        if (rows - row == 2)
            return multiplyTile<Step, 2, Channels>(part);
    if constexpr (MostRows > 1)
        if (rows - row == 1)
            return multiplyTile<Step, 1, Channels>(part);
}

/// As many channels as one tile takes of the `channels` that there are; returns how many.
template <class Step>
std::int64_t multiplyTiles(const Tile& tile, std::int64_t rows, std::int64_t channels) {
    if (rows == 1 && channels >= kOneRowChannels) {
        multiplyRows<Step, kOneRowChannels, 1>(tile, rows);
        return kOneRowChannels;
    }
    if (rows == 2 && channels >= kTwoRowChannels) {
        multiplyRows<Step, kTwoRowChannels, 2>(tile, rows);
        return kTwoRowChannels;
    }
    if (channels >= kTileChannels) {
        multiplyRows<Step, kTileChannels, kTileRows>(tile, rows);
        return kTileChannels;
    }
    multiplyRows<Step, 1, kTileRows>(tile, rows);
    return 1;
}

std::int64_t paddedColumns(std::int64_t columns) {
    return (columns + kStep - 1) / kStep * kStep;
}

/// At most kBlockChannels channels from `channel` on, for all rows of the job.
template <class Step>
void multiplyBlock(const LinearJob& job, std::int64_t channel) {
    alignas(64) float accumulators[kPanelRows * kBlockChannels * kLanes];
    const auto rows = static_cast<std::int64_t>(job.x.size());
    const std::int64_t channels = std::min(kBlockChannels, job.channels - channel);
    const std::size_t channelBytes = static_cast<std::size_t>(job.columns) * Step::kSize;
    // One tile of rows meets each weight once: it reads them as they lie.
    const std::int64_t block = rows <= kTileRows ? job.columns : kBlockColumns;
    for (std::int64_t begin = 0; begin < job.columns; begin += block) {
        const std::int64_t end = std::min(begin + block, job.columns);
        for (std::int64_t c = 0; c < channels;) {
            const Tile tile{.weights =
                                job.weights + static_cast<std::size_t>(channel + c) * channelBytes,
                            .scales = job.scales == nullptr ? nullptr : job.scales + channel + c,
                            .channelBytes = channelBytes,
                            .x = job.x.data(),
                            .rowScale = paddedColumns(job.columns),
                            .begin = begin,
                            .end = end,
                            .first = begin == 0,
                            .last = end == job.columns,
                            .accumulators = accumulators,
                            .y = job.y.data(),
                            .channel = channel + c,
                            .blockChannel = c,
                            .lastRows = false};
            c += multiplyTiles<Step>(tile, rows, channels - c);
        }
    }
}

void multiplyChannels(const LinearJob& job, std::int64_t block) {
    switch (job.format) {
    case WeightFormat::F32:
        multiplyBlock<F32Step>(job, block * kBlockChannels);
        break;
    case WeightFormat::BF16:
        multiplyBlock<Bf16Step>(job, block * kBlockChannels);
        break;
    case WeightFormat::Fp8:
        multiplyBlock<Fp8Step>(job, block * kBlockChannels);
        break;
    }
}

std::int64_t blocksOf(const LinearJob& job) {
    return (job.channels + kBlockChannels - 1) / kBlockChannels;
}

std::int64_t blockCost(const LinearJob& job) {
    return kBlockChannels * job.columns * static_cast<std::int64_t>(job.x.size());
}

/// One packed row without its scale: for bf16 the even and the odd numbers of each step apart.
void packRow(WeightFormat format, std::int64_t columns, const float* from, float* to) {
    const std::int64_t whole = columns / kStep * kStep;
    if (format != WeightFormat::BF16) {
        std::copy_n(from, columns, to);
        std::fill(to + columns, to + paddedColumns(columns), 0.0F);
        return;
    }
    for (std::int64_t k = 0; k < whole; k += kStep) {
        Floats even;
        Floats odd;
        hn::LoadInterleaved2(kFloats, from + k, even, odd);
        hn::Store(even, kFloats, to + k);
        hn::Store(odd, kFloats, to + k + kLanes);
    }
    if (whole < columns) {
        std::fill(to + whole, to + whole + kStep, 0.0F);
        for (std::int64_t k = whole; k < columns; ++k) {
            const std::int64_t inStep = k - whole;
            to[whole + inStep / 2 + (inStep % 2) * static_cast<std::int64_t>(kLanes)] = from[k];
        }
    }
}

} // namespace lapidary::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace lapidary::kernels {

namespace {

HWY_EXPORT(paddedColumns);
HWY_EXPORT(packRow);
HWY_EXPORT(multiplyChannels);
HWY_EXPORT(blocksOf);
HWY_EXPORT(blockCost);

// The scale has a line of the cache to itself, so that the next row begins on one.
constexpr std::int64_t kScaleFloats = 16;

/// The e4m3 numbers of a row, as floats; returns their scale. `to` may be `from`.
float quantiseInput(std::int64_t columns, const float* from, float* to) {
    return quantiseRow(
        columns, [from](std::int64_t k) { return toBf16Bits(from[k]); },
        [to](std::int64_t k, std::uint8_t code) { to[k] = fromE4m3(code); });
}

} // namespace

std::int64_t packedSize(std::int64_t columns) {
    return HWY_DYNAMIC_DISPATCH(paddedColumns)(columns) + kScaleFloats;
}

bool samePacking(const Weight& a, const Weight& b) {
    return a.format() == b.format() && a.quantisedInput() == b.quantisedInput();
}

void packRows(ThreadPool& pool, const Weight& weight, std::span<const float* const> from,
              std::span<float* const> to) {
    LAPIDARY_ASSERT(from.size() == to.size());
    const auto rows = static_cast<std::int64_t>(from.size());
    const std::int64_t columns = weight.columns();
    const std::int64_t scaleAt = packedSize(columns) - kScaleFloats;
    const auto pack = HWY_DYNAMIC_POINTER(packRow);
    pool.forRanges(rows, pool.grainFor(rows, columns), [&](std::int64_t begin, std::int64_t end) {
        for (auto r = static_cast<std::size_t>(begin); r < static_cast<std::size_t>(end); ++r) {
            pack(weight.format(), columns, from[r], to[r]);
            to[r][scaleAt] = weight.quantisedInput() ? quantiseInput(columns, to[r], to[r]) : 1.0F;
        }
    });
}

void runJobs(ThreadPool& pool, std::span<const LinearJob> jobs) {
    // The blocks of all jobs in one row: job j owns [ends[j − 1], ends[j]).
    std::vector<std::int64_t> ends;
    ends.reserve(jobs.size());
    std::int64_t blocks = 0;
    std::int64_t cost = 0;
    for (const LinearJob& job : jobs) {
        LAPIDARY_ASSERT(std::ssize(job.x) <= kPanelRows && job.x.size() == job.y.size());
        const std::int64_t own = job.x.empty() ? 0 : HWY_DYNAMIC_DISPATCH(blocksOf)(job);
        blocks += own;
        cost += own * HWY_DYNAMIC_DISPATCH(blockCost)(job);
        ends.push_back(blocks);
    }
    if (blocks == 0)
        return;
    const auto multiply = HWY_DYNAMIC_POINTER(multiplyChannels);
    const std::int64_t grain = pool.grainFor(blocks, cost / blocks);
    pool.forRanges(blocks, grain, [&](std::int64_t begin, std::int64_t end) {
        auto job = static_cast<std::size_t>(std::ranges::upper_bound(ends, begin) - ends.begin());
        for (std::int64_t block = begin; block < end; ++block) {
            while (block >= ends[job])
                ++job;
            multiply(jobs[job], block - (job == 0 ? 0 : ends[job - 1]));
        }
    });
}

void linear(CpuContext& context, const Weight& w, const Tensor& x, const Tensor& y) {
    LAPIDARY_ASSERT(w.experts() == 1 && x.rowSize() == w.columns() && y.rowSize() == w.rows());
    LAPIDARY_ASSERT(x.rows() == y.rows());
    multiplyPanels(context, std::array{Product{.weight = &w, .y = y}}, x);
}

bool multiplyPanels(CpuContext& context, std::span<const Product> products, const Tensor& x) {
    const std::int64_t columns = x.rowSize();
    const std::int64_t size = packedSize(columns);
    const std::int64_t panel = std::min(kPanelRows, x.rows());
    float* const packed = context.packedRows.floats(static_cast<std::size_t>(panel * size));
    if (packed == nullptr)
        return context.outOfMemory();
    std::array<const float*, kPanelRows> from{};
    std::array<float*, kPanelRows> to{};
    std::vector<std::array<float*, kPanelRows>> outputs(products.size());
    std::vector<LinearJob> jobs(products.size());
    for (std::int64_t first = 0; first < x.rows(); first += panel) {
        const auto rows = static_cast<std::size_t>(std::min(panel, x.rows() - first));
        for (std::size_t r = 0; r < rows; ++r) {
            from[r] = rowOf(x, first + static_cast<std::int64_t>(r));
            to[r] = packed + static_cast<std::int64_t>(r) * size;
        }
        packRows(context.pool, *products.front().weight, std::span(from).first(rows),
                 std::span(to).first(rows));
        for (std::size_t p = 0; p < products.size(); ++p) {
            const Weight& weight = *products[p].weight;
            LAPIDARY_ASSERT(weight.columns() == columns
                            && samePacking(weight, *products.front().weight));
            for (std::size_t r = 0; r < rows; ++r)
                outputs[p][r] = rowOf(products[p].y, first + static_cast<std::int64_t>(r));
            jobs[p] = {.weights = matrixOf(weight),
                       .scales = scalesOf(weight),
                       .format = weight.format(),
                       .channels = weight.rows(),
                       .columns = columns,
                       .x = std::span<const float* const>(to).first(rows),
                       .y = std::span<float* const>(outputs[p]).first(rows)};
        }
        runJobs(context.pool, jobs);
    }
    return true;
}

} // namespace lapidary::kernels

#endif // HWY_ONCE
