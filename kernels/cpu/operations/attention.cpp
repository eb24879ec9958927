#include "cpu/operations/attention.h"

#include "cpu/operations/attention_queries.h"
#include "cpu/operations/rows.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/operations/attention.cpp"
#include <hwy/foreach_target.h>

#include "cpu/operations/attention-inl.h"

// Keys are taken in blocks of absolute positions, from the first that a query sees to the last. For
// each query a block gives its scores, each one chain of multiply-adds and one reduction, then one
// step of the running softmax, then its values, key after key. Four queries share what is read
// where all four see it; where they differ each goes alone through the same instructions, so a
// result depends on the query's position and on what it sees, not on its neighbours.

HWY_BEFORE_NAMESPACE();
namespace lapidary::kernels::HWY_NAMESPACE {

constexpr int kTogether = 4;

/// The slots of one block: at(position − first position of the block).
template <class Number>
struct BlockSlots {
    const Number* at[kBlockKeys];
};

template <int Queries, int Keys, class Number>
HWY_INLINE void scoreKeys(const std::array<const float*, Queries>& q, const Number* const* keys,
                          std::int64_t headDim, const std::array<float*, Queries>& scores,
                          std::int64_t key) {
    Floats sums[Queries][Keys];
#pragma GCC unroll 8
    for (int i = 0; i < Queries; ++i) {
#pragma GCC unroll 8
        for (int j = 0; j < Keys; ++j)
            sums[i][j] = hn::Zero(kFloats);
    }
    forVectors(headDim, [&](std::int64_t d, auto read, auto) HWY_ATTR {
        Floats k[Keys];
#pragma GCC unroll 8
        for (int j = 0; j < Keys; ++j)
            k[j] = read(keys[j] + d);
#pragma GCC unroll 8
        for (int i = 0; i < Queries; ++i) {
            const Floats x = read(q[static_cast<std::size_t>(i)] + d);
#pragma GCC unroll 8
            for (int j = 0; j < Keys; ++j)
                sums[i][j] = hn::MulAdd(x, k[j], sums[i][j]);
        }
    });
#pragma GCC unroll 8
    for (int i = 0; i < Queries; ++i) {
#pragma GCC unroll 8
        for (int j = 0; j < Keys; ++j)
            scores[static_cast<std::size_t>(i)][key + j] = hn::ReduceSum(kFloats, sums[i][j]);
    }
}

template <int Queries, class Number>
HWY_INLINE void score(const std::array<const float*, Queries>& q, const BlockSlots<Number>& keys,
                      std::int64_t begin, std::int64_t end, std::int64_t headDim,
                      const std::array<float*, Queries>& scores) {
    // Eight chains hide the latency of a multiply-add.
    constexpr int kKeys = Queries == 1 ? 8 : 2;
    std::int64_t key = begin;
    for (; key + kKeys <= end; key += kKeys)
        scoreKeys<Queries, kKeys>(q, keys.at + key, headDim, scores, key);
    for (; key < end; ++key)
        scoreKeys<Queries, 1>(q, keys.at + key, headDim, scores, key);
}

/// One block for the queries [first, first + count) of the group.
template <class Number>
void attendBlock(const QueryGroup& group, int first, int count, std::int64_t block,
                 const BlockSlots<Number>& keys, const BlockSlots<Number>& values,
                 RunningSoftmax* softmaxes) {
    alignas(64) float scores[kTogether][kBlockKeys];
    KeyRange sees[kTogether];
    KeyRange all{.begin = 0, .end = kBlockKeys};
    for (int i = 0; i < count; ++i) {
        const KeyRange& range = group.sees[first + i];
        sees[i] = {.begin = std::clamp<std::int64_t>(range.begin - block, 0, kBlockKeys),
                   .end = std::clamp<std::int64_t>(range.end - block, 0, kBlockKeys)};
        all = {.begin = std::max(all.begin, sees[i].begin), .end = std::min(all.end, sees[i].end)};
        std::fill(scores[i], scores[i] + kBlockKeys, kMinusInfinity);
    }
    const bool together = count == kTogether && all.begin < all.end;
    const std::int64_t headDim = group.headDim;
    const auto valueOf = [&](std::int64_t key) { return values.at[key]; };

    // alone(i, range) for what query i sees outside of `all`, before and after it.
    const auto scoreAlone = [&](int i, std::int64_t begin, std::int64_t end) HWY_ATTR {
        score<1>({group.q[first + i]}, keys, begin, end, headDim, {scores[i]});
    };
    const auto addAlone = [&](int i, std::int64_t begin, std::int64_t end) HWY_ATTR {
        addValues<1>({scores[i]}, {softmaxes[first + i].out}, begin, end, headDim, valueOf);
    };
    const float* const* q = group.q + first;
    if (together)
        score<kTogether>({q[0], q[1], q[2], q[3]}, keys, all.begin, all.end, headDim,
                         {scores[0], scores[1], scores[2], scores[3]});
    for (int i = 0; i < count; ++i) {
        if (sees[i].begin >= sees[i].end)
            continue;
        if (together) {
            scoreAlone(i, sees[i].begin, all.begin);
            scoreAlone(i, all.end, sees[i].end);
        } else {
            scoreAlone(i, sees[i].begin, sees[i].end);
        }
        RunningSoftmax& softmax = softmaxes[first + i];
        weighBlock(scores[i], headDim, softmax);
        addAlone(i, sees[i].begin, together ? all.begin : sees[i].end);
    }
    if (!together)
        return;
    RunningSoftmax* const s = softmaxes + first;
    addValues<kTogether>({scores[0], scores[1], scores[2], scores[3]},
                         {s[0].out, s[1].out, s[2].out, s[3].out}, all.begin, all.end, headDim,
                         valueOf);
    for (int i = 0; i < count; ++i)
        addAlone(i, all.end, sees[i].end);
}

template <class Number>
void attendNumbers(const QueryGroup& group) {
    RunningSoftmax softmaxes[QueryGroup::kMost];
    KeyRange any = group.sees[0];
    for (int i = 0; i < group.queries; ++i) {
        softmaxes[i].out = group.out[i];
        std::fill(group.out[i], group.out[i] + group.headDim, 0.0F);
        any = {.begin = std::min(any.begin, group.sees[i].begin),
               .end = std::max(any.end, group.sees[i].end)};
    }
    BlockSlots<Number> keys;
    BlockSlots<Number> values;
    for (std::int64_t block = any.begin / kBlockKeys * kBlockKeys; block < any.end;
         block += kBlockKeys) {
        const std::int64_t begin = std::max(block, any.begin);
        const std::int64_t end = std::min(block + kBlockKeys, any.end);
        std::int64_t slot = begin % group.capacity;
        for (std::int64_t position = begin; position < end; ++position) {
            keys.at[position - block] = static_cast<const Number*>(group.k) + slot * group.stride;
            values.at[position - block] = static_cast<const Number*>(group.v) + slot * group.stride;
            slot = slot + 1 == group.capacity ? 0 : slot + 1;
        }
        for (int first = 0; first < group.queries; first += kTogether)
            attendBlock(group, first, std::min(kTogether, group.queries - first), block, keys,
                        values, softmaxes);
    }
    for (int i = 0; i < group.queries; ++i)
        finish(softmaxes[i], group.headDim);
}

void attend(const QueryGroup& group) {
    if (group.bf16)
        attendNumbers<std::uint16_t>(group);
    else
        attendNumbers<float>(group);
}

} // namespace lapidary::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace lapidary::kernels {

namespace {

HWY_EXPORT(attend);

/// What the query at `position` sees.
KeyRange visible(const Attention& op, std::int64_t position) {
    KeyRange range{.begin =
                       op.window == 0 ? 0 : std::max<std::int64_t>(0, position - op.window + 1),
                   .end = position + 1};
    for (const Run& run : op.runs)
        if (run.begin <= position && position < run.end)
            range.end = std::max(range.end, run.end);
    return range;
}

void checkShapes(const Attention& op) {
    LAPIDARY_ASSERT(op.q.rank == 3 && op.out.rank == 3 && op.out.shape == op.q.shape);
    LAPIDARY_ASSERT(op.cache.k.rank == 3 && op.cache.v.shape == op.cache.k.shape);
    LAPIDARY_ASSERT(op.cache.k.dtype != DType::I32 && op.cache.v.dtype == op.cache.k.dtype);
    LAPIDARY_ASSERT(op.cache.k.shape[2] == op.q.shape[2]);
    LAPIDARY_ASSERT(op.cache.k.shape[1] > 0 && op.q.shape[1] % op.cache.k.shape[1] == 0);
    LAPIDARY_ASSERT(op.firstPosition >= 0 && op.window >= 0 && op.cache.capacity() > 0);
}

} // namespace

void attention(CpuContext& context, const Attention& op) {
    checkShapes(op);
    const std::int64_t headDim = op.q.shape[2];
    const std::int64_t kvHeads = op.cache.k.shape[1];
    const std::int64_t heads = op.q.shape[1] / kvHeads;
    const std::int64_t queries = op.q.rows() * heads;
    const bool bf16 = op.cache.k.dtype == DType::BF16;
    if (queries == 0)
        return;

    // Few queries are spread over the threads by fours, many share what they read by sixteens.
    const std::int64_t size =
        queries * kvHeads >= std::int64_t{64} * context.pool.threads() ? QueryGroup::kMost : 4;
    const std::int64_t groups = (queries + size - 1) / size;
    const KeyRange last = visible(op, op.firstPosition + op.q.rows() - 1);
    const std::int64_t cost = size * (last.end - last.begin) * headDim / 4;

    const auto attendGroup = [&](std::int64_t kvHead, std::int64_t first) {
        QueryGroup group{.bf16 = bf16,
                         .stride = op.cache.k.rowSize(),
                         .capacity = op.cache.capacity(),
                         .headDim = headDim,
                         .queries = static_cast<int>(std::min(size, queries - first))};
        const std::size_t head =
            static_cast<std::size_t>(kvHead * headDim) * sizeOf(op.cache.k.dtype);
        group.k = static_cast<const std::byte*>(op.cache.k.data) + head;
        group.v = static_cast<const std::byte*>(op.cache.v.data) + head;
        for (int i = 0; i < group.queries; ++i) {
            const std::int64_t row = (first + i) / heads;
            const std::int64_t column = (kvHead * heads + (first + i) % heads) * headDim;
            group.q[i] = rowOf(op.q, row) + column;
            group.out[i] = rowOf(op.out, row) + column;
            group.sees[i] = visible(op, op.firstPosition + row);
            LAPIDARY_ASSERT(group.sees[i].end - group.sees[0].begin <= group.capacity);
        }
        HWY_DYNAMIC_DISPATCH(attend)(group);
    };
    context.pool.forRanges(kvHeads * groups, context.pool.grainFor(kvHeads * groups, cost),
                           [&](std::int64_t begin, std::int64_t end) {
                               for (std::int64_t g = begin; g < end; ++g)
                                   attendGroup(g / groups, g % groups * size);
                           });
}

} // namespace lapidary::kernels

#endif // HWY_ONCE
