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
    stream.check(cudaMemsetAsync(chain->arrivals_.memory.get(), 0, bytes, stream.handle()),
                 "clearing memory");
    return chain;
}

namespace {

void connect(std::span<StepPhase> phases) {
    int next = static_cast<int>(phases.size());
    for (int i = next - 1; i >= 0; --i) {
        StepPhase& phase = phases[static_cast<std::size_t>(i)];
        phase.nextProduct = next;
        if (phase.kind == StepPhase::Kind::Product)
            next = i;
    }
    // The blocks of a phase beside another stand for those of both.
    for (std::size_t i = 0; i < phases.size(); ++i)
        phases[i].beside = phases[i].beside && i > 0 && !phases[i - 1].beside
                           && phases[i].blocks >= phases[i - 1].blocks;
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
        connect(few);
        launch(few, nullptr);
        return;
    }
    if (waiting_.empty())
        stream_.defer([this] { flush(); });
    if (!waiting_.empty() && !nextIsBeside_ && phases.size() == 1
        && join(waiting_.back(), phases.front()))
        return;
    const std::size_t first = waiting_.size();
    waiting_.insert(waiting_.end(), phases.begin(), phases.end());
    waiting_[first].beside = std::exchange(nextIsBeside_, false);
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
    connect(phases);
    if (phases.size() <= kFewPhases) {
        launch(phases, nullptr);
        return;
    }
    const std::size_t bytes = phases.size() * sizeof(StepPhase);
    auto memory = stream_.allocate(bytes);
    if (!memory) {
        lacksMemory_ = true;
        return;
    }
    launch(phases, static_cast<const StepPhase*>(memory->memory.get()));
    const auto content = std::as_bytes(std::span(phases));
    programs_.push_back({std::move(*memory), {content.begin(), content.end()}});
}

void StepChain::launch(std::span<const StepPhase> phases, const StepPhase* onCard) {
    launchSteps({.phases = phases,
                 .onCard = onCard,
                 .arrivals = static_cast<unsigned*>(arrivals_.memory.get()),
                 .multiprocessors = stream_.multiprocessors(),
                 .sharedBytes = stream_.sharedBytes()},
                stream_.handle());
}

} // namespace lapidary::kernels::cuda
