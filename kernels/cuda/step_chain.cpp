#include "cuda/step_chain.h"

#include "assert.h"

#include <utility>

namespace lapidary::kernels::cuda {

Expected<std::unique_ptr<StepChain>> StepChain::make(Stream& stream) {
    std::unique_ptr<StepChain> chain(new StepChain(stream));
    const std::size_t bytes = static_cast<std::size_t>(stream.multiprocessors()) * sizeof(unsigned);
    auto arrivals = stream.allocate(bytes);
    if (!arrivals)
        return std::unexpected(std::move(arrivals.error()));
    chain->arrivals_ = std::move(*arrivals);
    auto handOvers = HandOvers::make(stream);
    if (!handOvers)
        return std::unexpected(std::move(handOvers.error()));
    chain->handOvers_ = std::move(*handOvers);
    stream.check(cudaMemsetAsync(chain->arrivals_.memory.get(), 0, bytes, stream.handle()),
                 "clearing memory");
    return chain;
}

namespace {

void connect(std::span<StepPhase> phases, int multiprocessors) {
    static_assert(kSkinnySets > kMostLag);
    int next = static_cast<int>(phases.size());
    for (int i = next - 1; i >= 0; --i) {
        StepPhase& phase = phases[static_cast<std::size_t>(i)];
        phase.nextCopied = next;
        if (phase.kind == StepPhase::Kind::Product)
            phase.product.partials +=
                static_cast<std::size_t>(i % kSkinnySets) * skinnyPartials(multiprocessors);
        if (phase.kind == StepPhase::Kind::Product || phase.kind == StepPhase::Kind::Attend)
            next = i;
    }
}

/// The elements of a product that nothing else takes become its output.
bool join(StepPhase& product, const StepPhase& phase) {
    if (product.kind != StepPhase::Kind::Product || phase.kind != StepPhase::Kind::Elements)
        return false;
    SkinnyLaunch& launch = product.product;
    const SkinnyProduct& p = launch.product;
    const ElementPhase& elements = phase.elements;
    const bool gates = elements.scale == 0 && elements.a == p.segments[0].y
                       && elements.y == elements.a && elements.b != elements.a
                       && elements.count == std::int64_t{p.rows} * p.segments[0].channels;
    if (!gates || launch.output != SkinnyOutput::Halves || p.segmentCount != 1)
        return false;
    launch.output = SkinnyOutput::Gate;
    launch.factor = elements.b;
    return true;
}

} // namespace

void StepChain::add(std::span<const StepPhase> phases) {
    if (!collects_) {
        std::vector<StepPhase> few(phases.begin(), phases.end());
        LAPIDARY_ASSERT(few.size() <= kFewPhases);
        connect(few, stream_.multiprocessors());
        launch(few, nullptr, {});
        return;
    }
    if (waiting_.empty())
        stream_.defer([this] { flush(); });
    if (!waiting_.empty() && !nextIsBeside_ && phases.size() == 1
        && join(waiting_.back(), phases.front()))
        return;
    const std::size_t first = waiting_.size();
    waiting_.insert(waiting_.end(), phases.begin(), phases.end());
    if (std::exchange(nextIsBeside_, false))
        waiting_[first].lag = 1;
}

void StepChain::collect() {
    collects_ = true;
    lacksMemory_ = false;
}

std::optional<std::vector<StepChain::Program>> StepChain::finish() {
    (void)stream_.handle(); // what waits is launched
    collects_ = false;
    std::vector<Program> programs = std::exchange(programs_, {});
    if (lacksMemory_)
        return std::nullopt;
    return programs;
}

void StepChain::flush() {
    std::vector<StepPhase> phases = std::exchange(waiting_, {});
    nextIsBeside_ = false;
    const HandOvers::Kept kept =
        handOvers_.plan(phases, widestResidual(phases, stream_.sharedBytes()));
    connect(phases, stream_.multiprocessors());
    if (phases.size() <= kFewPhases) {
        launch(phases, nullptr, kept);
        return;
    }
    const std::size_t bytes = phases.size() * sizeof(StepPhase);
    auto memory = stream_.allocate(bytes);
    if (!memory) {
        lacksMemory_ = true;
        return;
    }
    launch(phases, static_cast<const StepPhase*>(memory->memory.get()), kept);
    const auto content = std::as_bytes(std::span(phases));
    programs_.push_back({std::move(*memory), {content.begin(), content.end()}});
}

void StepChain::launch(std::span<const StepPhase> phases, const StepPhase* onCard,
                       const HandOvers::Kept& kept) {
    launchSteps({.phases = phases,
                 .onCard = onCard,
                 .residual = kept.residual,
                 .width = kept.width,
                 .arrivals = static_cast<unsigned*>(arrivals_.memory.get()),
                 .multiprocessors = stream_.multiprocessors(),
                 .sharedBytes = stream_.sharedBytes()},
                stream_.handle());
}

} // namespace lapidary::kernels::cuda
