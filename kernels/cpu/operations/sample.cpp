#include "cpu/operations/sample.h"

#include "cpu/operations/rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

namespace lapidary::kernels {

namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

struct Candidate {
    float logit;
    std::int32_t token;
};

/// Larger, or equal with the lower id.
bool ranksBefore(const Candidate& a, const Candidate& b) {
    return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
}

/// A logit that is no number (a damaged checkpoint) has no place in an order: it is never drawn.
void removeNaN(std::span<float> logits) {
    for (float& logit : logits)
        logit = std::isnan(logit) ? kNever : logit;
}

/// Divides what speaks for a seen token and multiplies what speaks against it, once a token.
void penalize(std::span<float> logits, std::span<const std::int32_t> seenTokens, float penalty) {
    if (penalty == 1.0F)
        return;
    std::vector<bool> done(logits.size());
    for (const std::int32_t token : seenTokens) {
        const auto id = static_cast<std::size_t>(token);
        LAPIDARY_ASSERT(token >= 0 && id < logits.size());
        if (done[id])
            continue;
        done[id] = true;
        logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
    }
}

void ban(std::span<float> logits, std::span<const std::int32_t> bannedTokens) {
    for (const std::int32_t token : bannedTokens) {
        LAPIDARY_ASSERT(token >= 0 && static_cast<std::size_t>(token) < logits.size());
        logits[static_cast<std::size_t>(token)] = kNever;
    }
}

std::int32_t largest(std::span<const float> logits) {
    return static_cast<std::int32_t>(std::ranges::max_element(logits) - logits.begin());
}

/// The best `count` tokens in rank order. A heap of the best so far turns nearly every token away
/// with one comparison.
std::vector<Candidate> best(std::span<const float> logits, std::size_t count) {
    std::vector<Candidate> heap;
    heap.reserve(count);
    for (std::size_t id = 0; id < logits.size(); ++id) {
        if (heap.size() == count && !(logits[id] > heap.front().logit))
            continue;
        if (heap.size() == count) {
            std::ranges::pop_heap(heap, ranksBefore);
            heap.pop_back();
        }
        heap.push_back({.logit = logits[id], .token = static_cast<std::int32_t>(id)});
        std::ranges::push_heap(heap, ranksBefore);
    }
    std::ranges::sort_heap(heap, ranksBefore);
    return heap;
}

std::vector<Candidate> inRankOrder(std::span<const float> logits) {
    std::vector<Candidate> all;
    all.reserve(logits.size());
    for (std::size_t id = 0; id < logits.size(); ++id)
        all.push_back({.logit = logits[id], .token = static_cast<std::int32_t>(id)});
    std::ranges::sort(all, ranksBefore);
    return all;
}

std::int32_t draw(std::span<const float> logits, const Sampling& sampling, double number) {
    const auto topK = static_cast<std::size_t>(std::max(sampling.topK, 0));
    const std::vector<Candidate> candidates =
        topK == 0 || topK >= logits.size() ? inRankOrder(logits) : best(logits, topK);
    const auto temperature = static_cast<double>(sampling.temperature);
    const auto largestLogit = static_cast<double>(candidates.front().logit);
    std::vector<double> weights(candidates.size());
    double total = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto logit = static_cast<double>(candidates[i].logit);
        weights[i] = i == 0 ? 1.0 : std::exp((logit - largestLogit) / temperature);
        total += weights[i];
    }

    // top-p keeps a token while those before it have less than topP of the weight; the first stays.
    const double wanted = static_cast<double>(sampling.topP) * total;
    std::size_t kept = 0;
    double keptWeight = 0;
    while (kept < weights.size() && weights[kept] > 0
           && (kept == 0 || sampling.topP >= 1 || keptWeight < wanted)
           && weights[kept] >= static_cast<double>(sampling.minP))
        keptWeight += weights[kept++];

    double rest = number * keptWeight;
    for (std::size_t i = 0; i + 1 < kept; ++i) {
        rest -= weights[i];
        if (rest < 0)
            return candidates[i].token;
    }
    return candidates[std::max<std::size_t>(kept, 1) - 1].token;
}

} // namespace

double drawOf(std::uint64_t seed, std::int64_t position) {
    // The finaliser of SplitMix64 (Steele, Lea, Flood 2014), once over the seed and once over its
    // sum with the position, so that neighbours in either are unrelated.
    const auto mix = [](std::uint64_t z) {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    };
    const std::uint64_t bits = mix(mix(seed + 0x9E3779B97F4A7C15U)
                                   + static_cast<std::uint64_t>(position) * 0x9E3779B97F4A7C15U);
    return static_cast<double>(bits >> 11) * 0x1p-53;
}

void sample(CpuContext& context, const Sample& op) {
    const std::int64_t rows = op.logits.rows();
    const std::int64_t vocabulary = op.logits.rowSize();
    LAPIDARY_ASSERT(op.tokens.elements() == rows && vocabulary > 0);
    std::int32_t* const tokens = integers(op.tokens);
    context.pool.forRanges(rows, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) {
            const std::span logits(rowOf(op.logits, r), static_cast<std::size_t>(vocabulary));
            removeNaN(logits);
            penalize(logits, op.seenTokens, op.sampling.repetitionPenalty);
            ban(logits, op.bannedTokens);
            tokens[r] =
                op.sampling.temperature <= 0
                    ? largest(logits)
                    : draw(logits, op.sampling, drawOf(op.sampling.seed, op.firstPosition + r));
        }
    });
}

} // namespace lapidary::kernels
