#include "cuda/hand_overs.h"

#include <algorithm>
#include <span>
#include <type_traits>
#include <utility>

namespace lapidary::kernels::cuda {

namespace {

/// For what two layers of any model hand over in steps of few rows; a barrier replaces the rest.
constexpr std::size_t kBytes = std::size_t{4} << 20;

/// What phase p takes is cleared when blocks come to p + kMostLag + 1, which all have seen
/// kMostLag + 1 phases later. Only then may it be written again, a phase before it is taken.
constexpr std::size_t kUntilFree = 2 * (kMostLag + 1) + 1;

constexpr std::size_t upTo16(std::size_t bytes) {
    return (bytes + 15) / 16 * 16;
}

bool isProduct(const StepPhase& phase, SkinnyOutput output) {
    return phase.kind == StepPhase::Kind::Product && phase.product.output == output;
}

/// Whether numbers of 16 bytes at a time can be handed over.
bool aligned(const SkinnySegment& segment) {
    return segment.channels % 8 == 0;
}

std::size_t bytesOf(const SkinnyLaunch& launch, int segment) {
    return upTo16(static_cast<std::size_t>(launch.product.rows)
                  * static_cast<std::size_t>(launch.product.segments[segment].channels)
                  * sizeof(Bf16));
}

/// Whether `product` may norm its x itself: what `norm` makes of the row that `from` makes.
bool joins(const StepPhase& from, const StepPhase& norm, const StepPhase& product) {
    if (!isProduct(from, SkinnyOutput::Halves) || norm.kind != StepPhase::Kind::Norm
        || product.kind != StepPhase::Kind::Product || norm.lag > 0 || product.lag > 0)
        return false;
    const SkinnyProduct& made = from.product.product;
    const AddNormedProblem& p = norm.norm.problem;
    const SkinnyProduct& takes = product.product.product;
    return made.segmentCount == 1 && aligned(made.segments[0]) && made.segments[0].y == p.x
           && p.rows == 1 && takes.rows == 1 && p.nextWeight != nullptr && takes.x == p.normed
           && takes.columns == p.width && product.product.output != SkinnyOutput::Gate
           && (takes.format != ProductFormat::Fp8
               || (takes.pieces == 1 && takes.largest == p.largest));
}

/// Whether the phase may write to what blocks keep.
bool writesResidual(const StepPhase& phase) {
    return (phase.kind == StepPhase::Kind::Norm && phase.norm.problem.x != nullptr)
           || phase.kind == StepPhase::Kind::Branches || phase.kind == StepPhase::Kind::Elements;
}

/// Whether blocks of a merge raise numbers together, which the attention before clears as it ends.
bool endsInSharedNumbers(const StepPhase& phase) {
    return phase.kind == StepPhase::Kind::MergeRuns && phase.attention.problem.largest != nullptr
           && phase.attention.handed.largest == nullptr;
}

/// Has products norm what they take, as long as nothing else changes the residual.
HandOvers::Kept joinNorms(std::vector<StepPhase>& phases, int widest) {
    HandOvers::Kept kept;
    const bool experts = std::ranges::any_of(phases, [](const StepPhase& phase) {
        return phase.kind == StepPhase::Kind::Activate || phase.kind == StepPhase::Kind::Down;
    });
    if (experts)
        return kept; // they use the memory of the residual
    std::vector<StepPhase> joined;
    for (std::size_t i = 0; i < phases.size(); ++i) {
        const bool inside = !joined.empty() && i + 2 < phases.size() && phases[i + 2].lag == 0;
        if (inside && joins(joined.back(), phases[i], phases[i + 1])
            && phases[i].norm.problem.width <= widest) {
            const AddNormedProblem& norm = phases[i].norm.problem;
            const int blocks = phases[i + 1].blocks;
            if (kept.residual == nullptr)
                kept = {norm.residual, static_cast<int>(norm.width), blocks};
            // A block that sits out a norm does not know the residual after it.
            if (kept.residual == norm.residual && kept.width == norm.width
                && kept.blocks == blocks) {
                joined.push_back(phases[++i]);
                joined.back().product.norm = norm;
                continue;
            }
        }
        if (writesResidual(phases[i])) {
            joined.insert(joined.end(), phases.begin() + static_cast<std::ptrdiff_t>(i),
                          phases.end());
            break;
        }
        joined.push_back(phases[i]);
    }
    phases = std::move(joined);
    return kept;
}

} // namespace

Expected<HandOvers> HandOvers::make(Stream& stream) {
    auto memory = stream.allocate(kBytes);
    if (!memory)
        return std::unexpected(std::move(memory.error()));
    stream.check(cudaMemsetAsync(memory->memory.get(), 0xFF, kBytes, stream.handle()),
                 "clearing memory");
    return HandOvers(std::move(*memory));
}

HandOvers::Kept HandOvers::plan(std::vector<StepPhase>& phases, int widest) {
    const Kept kept = joinNorms(phases, widest);
    taken_.clear();
    next_ = 0;
    for (std::size_t to = 1; to + 1 < phases.size(); ++to)
        if (phases[to].lag == 0)
            connect(phases, to);
    for (StepPhase& phase : phases)
        if (endsInSharedNumbers(phase))
            phase.lag = 0;
    // The last phase waits for all others and clears what they took.
    if (!phases.empty())
        phases.back().lag = 0;
    return kept;
}

void HandOvers::connect(std::vector<StepPhase>& phases, std::size_t to) {
    StepPhase& from = phases[to - 1];
    StepPhase& phase = phases[to];
    if (phase.kind == StepPhase::Kind::Attend && isProduct(from, SkinnyOutput::Halves))
        handRows(from, to, phase);
    // The residual was written by the same blocks, unless element by element.
    const std::size_t first = to - std::min<std::size_t>(to, kMostLag);
    const bool elements =
        std::any_of(phases.begin() + static_cast<std::ptrdiff_t>(first),
                    phases.begin() + static_cast<std::ptrdiff_t>(to), [](const StepPhase& before) {
                        return before.kind == StepPhase::Kind::Elements;
                    });
    if (phase.kind == StepPhase::Kind::Norm && isProduct(from, SkinnyOutput::Halves) && !elements)
        handSum(from, to, phase);
    if (phase.kind == StepPhase::Kind::MergeRuns && from.kind == StepPhase::Kind::Attend)
        handRuns(from, to, phase);
    if (phase.kind != StepPhase::Kind::Product || phase.product.output == SkinnyOutput::Gate)
        return;
    if (phase.product.norm.rows > 0)
        handNorm(from, to, phase);
    else if (isProduct(from, SkinnyOutput::Gated))
        handProduct(from, to, phase);
    else if (from.kind == StepPhase::Kind::MergeRuns)
        handMerged(from, to, phase);
    else if (from.kind == StepPhase::Kind::Norm)
        handNormed(from, to, phase);
}

// What a gated product makes.
void HandOvers::handProduct(StepPhase& from, std::size_t to, StepPhase& product) {
    SkinnyLaunch& makes = from.product;
    SkinnyProduct& takes = product.product.product;
    const bool scaled = takes.format == ProductFormat::Fp8;
    if (takes.x != makes.product.segments[0].y || !aligned(makes.product.segments[0])
        || (scaled && (takes.largest != makes.largest || takes.pieces != makes.blocks)))
        return;
    const std::size_t numbers = bytesOf(makes, 0);
    const std::size_t largest =
        static_cast<std::size_t>(makes.product.rows * makes.blocks) * sizeof(float);
    std::byte* const memory = reserve(numbers + largest, to, product);
    if (memory == nullptr)
        return;
    makes.product.segments[0].handed = reinterpret_cast<Bf16*>(memory);
    makes.largest = reinterpret_cast<float*>(memory + numbers);
    takes.x = makes.product.segments[0].handed;
    takes.largest = makes.largest;
    takes.handed = true;
}

// Queries, keys and values on their way to attention.
void HandOvers::handRows(StepPhase& from, std::size_t to, StepPhase& attention) {
    const SkinnyProduct& makes = from.product.product;
    RawRows& raw = attention.attention.raw;
    AttentionProblem& problem = attention.attention.problem;
    const auto segmentOf = [&](const Bf16* y) {
        int s = 0;
        while (s < makes.segmentCount && makes.segments[s].y != y)
            ++s;
        return s;
    };
    const int segments[] = {segmentOf(problem.q), segmentOf(raw.k), segmentOf(raw.v)};
    const std::span used(segments, raw.k == nullptr ? 1 : 3);
    std::size_t bytes = 0;
    for (int s = 0; s < makes.segmentCount; ++s)
        bytes += bytesOf(from.product, s);
    const bool handed = raw.qNorm != nullptr && std::ranges::all_of(used, [&](int s) {
                            return s < makes.segmentCount && aligned(makes.segments[s]);
                        });
    std::byte* memory = handed ? reserve(bytes, to, attention) : nullptr;
    if (memory == nullptr)
        return;
    Bf16* rows[std::extent_v<decltype(SkinnyProduct::segments)>] = {};
    for (int s = 0; s < makes.segmentCount; ++s) {
        rows[s] = reinterpret_cast<Bf16*>(memory);
        from.product.product.segments[s].handed = rows[s];
        memory += bytesOf(from.product, s);
    }
    problem.q = rows[segments[0]];
    if (raw.k != nullptr) {
        raw.k = rows[segments[1]];
        raw.v = rows[segments[2]];
    }
    raw.handed = true;
}

// What is added to the residual.
void HandOvers::handNorm(StepPhase& from, std::size_t to, StepPhase& product) {
    std::byte* const memory = reserve(bytesOf(from.product, 0), to, product);
    if (memory == nullptr)
        return;
    from.product.product.segments[0].handed = reinterpret_cast<Bf16*>(memory);
    product.product.norm.x = reinterpret_cast<const Bf16*>(memory);
}

// The same, for a norm that is a phase of its own.
void HandOvers::handSum(StepPhase& from, std::size_t to, StepPhase& norm) {
    SkinnyProduct& makes = from.product.product;
    AddNormedProblem& takes = norm.norm.problem;
    if (takes.x != makes.segments[0].y || makes.segmentCount != 1 || !aligned(makes.segments[0])
        || takes.rows != makes.rows || takes.width != makes.segments[0].channels)
        return;
    std::byte* const memory = reserve(bytesOf(from.product, 0), to, norm);
    if (memory == nullptr)
        return;
    makes.segments[0].handed = reinterpret_cast<Bf16*>(memory);
    takes.x = makes.segments[0].handed;
    norm.norm.handed = true;
}

// What such a norm makes.
void HandOvers::handNormed(StepPhase& from, std::size_t to, StepPhase& product) {
    const AddNormedProblem& makes = from.norm.problem;
    SkinnyProduct& takes = product.product.product;
    const bool scaled = takes.format == ProductFormat::Fp8;
    if (makes.nextWeight == nullptr || takes.x != makes.normed || takes.rows != makes.rows
        || takes.columns != makes.width
        || (scaled && (takes.largest != makes.largest || takes.pieces != 1)))
        return;
    const std::size_t numbers =
        upTo16(static_cast<std::size_t>(makes.rows * makes.width) * sizeof(Bf16));
    const std::size_t largest = static_cast<std::size_t>(makes.rows) * sizeof(float);
    std::byte* const memory = reserve(numbers + largest, to, product);
    if (memory == nullptr)
        return;
    from.norm.handedNormed = reinterpret_cast<Bf16*>(memory);
    from.norm.handedLargest = reinterpret_cast<float*>(memory + numbers);
    takes.x = from.norm.handedNormed;
    takes.largest = from.norm.handedLargest;
    takes.handed = true;
}

// The sums of runs of keys, and who computes which.
void HandOvers::handRuns(StepPhase& from, std::size_t to, StepPhase& merge) {
    AttentionPhase& attention = from.attention;
    const std::size_t sums = upTo16(decodeScratchBytes(attention.problem));
    std::byte* const memory = reserve(sums + kMostUnits * sizeof(unsigned), to, merge);
    if (memory == nullptr)
        return;
    attention.sums = placeRuns(attention.problem, memory);
    attention.sums.handed = true;
    attention.claimed = reinterpret_cast<unsigned*>(memory + sums);
    merge.attention.sums = attention.sums;
    merge.attention.claimed = attention.claimed;
}

// What attention makes.
void HandOvers::handMerged(StepPhase& from, std::size_t to, StepPhase& product) {
    const AttentionProblem& problem = from.attention.problem;
    SkinnyProduct& takes = product.product.product;
    const bool scaled = takes.format == ProductFormat::Fp8;
    if (takes.x != problem.out || takes.columns != problem.heads * problem.headDim
        || takes.columns % 8 != 0 || (scaled && takes.largest != problem.largest))
        return;
    const int pieces = mergeTasks(problem) / problem.rows;
    const std::size_t numbers =
        upTo16(static_cast<std::size_t>(problem.rows * takes.columns) * sizeof(Bf16));
    const std::size_t largest = static_cast<std::size_t>(problem.rows * pieces) * sizeof(float);
    std::byte* const memory = reserve(numbers + largest, to, product);
    if (memory == nullptr)
        return;
    from.attention.handed.out = reinterpret_cast<Bf16*>(memory);
    from.attention.handed.largest = reinterpret_cast<float*>(memory + numbers);
    takes.x = from.attention.handed.out;
    takes.largest = from.attention.handed.largest;
    takes.pieces = pieces;
    takes.handed = true;
}

std::byte* HandOvers::reserve(std::size_t bytes, std::size_t to, StepPhase& phase) {
    const std::size_t size = upTo16(bytes);
    const std::size_t begin = next_ + size <= memory_.bytes ? next_ : 0;
    if (size > memory_.bytes / 4)
        return nullptr;
    const auto overlaps = [&](const Taken& taken) {
        return taken.begin < begin + size && begin < taken.end;
    };
    if (std::ranges::any_of(taken_, [&](const Taken& taken) {
            return overlaps(taken) && taken.phase + kUntilFree > to;
        }))
        return nullptr;
    std::erase_if(taken_, overlaps);
    taken_.push_back({begin, begin + size, to});
    next_ = begin + size;
    std::byte* const memory = static_cast<std::byte*>(memory_.memory.get()) + begin;
    phase.taken = {reinterpret_cast<uint4*>(memory), static_cast<int>(size / 16)};
    phase.lag = kMostLag;
    return memory;
}

} // namespace lapidary::kernels::cuda
