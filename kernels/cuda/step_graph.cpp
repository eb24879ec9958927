#include "cuda/step_graph.h"

#include "cuda/number_copies.h"

#include <optional>
#include <span>
#include <utility>

namespace lapidary::kernels::cuda {

namespace {

struct StepRecording final : Backend::Recording {
    StepRecording() = default;
    StepRecording(const StepRecording&) = delete;
    StepRecording& operator=(const StepRecording&) = delete;
    ~StepRecording() override { forget(); }

    void forget() {
        if (graph != nullptr)
            cudaGraphExecDestroy(graph);
        graph = nullptr;
        memory.clear();
    }

    cudaGraphExec_t graph = nullptr;
    std::vector<Buffer> memory; ///< that the graph's launches read
    int scratchGeneration = -1; ///< of the stream when the step last ran
};

} // namespace

Expected<std::unique_ptr<StepGraphs>> StepGraphs::make(Stream& stream, StepChain& chain) {
    std::unique_ptr<StepGraphs> graphs(new StepGraphs(stream, chain));
    auto memory = stream.allocate(sizeof(std::int64_t));
    if (!memory)
        return std::unexpected(std::move(memory.error()));
    graphs->memory_ = std::move(*memory);
    graphs->position_ = static_cast<std::int64_t*>(graphs->memory_.memory.get());
    return graphs;
}

void StepGraphs::repeat(std::unique_ptr<Backend::Recording>& recording, std::int64_t firstPosition,
                        const std::function<void()>& operations) {
    if (recording == nullptr)
        recording = std::make_unique<StepRecording>();
    auto& step = static_cast<StepRecording&>(*recording);
    if (step.scratchGeneration != stream_.scratchGeneration()) {
        // New, or its scratch has moved.
        step.forget();
        operations();
        // One that failed may have lacked its scratch, and is not for recording.
        step.scratchGeneration = stream_.failed() ? -1 : stream_.scratchGeneration();
        return;
    }
    if (step.graph == nullptr)
        step.graph = record(operations, step.memory);
    if (step.graph == nullptr) {
        operations();
        return;
    }
    writeNumbers(std::as_bytes(std::span(&firstPosition, 1)), position_, stream_.handle());
    const cudaError_t started = cudaGraphLaunch(step.graph, stream_.handle());
    if (started == cudaErrorMemoryAllocation) { // its first start takes memory too
        cudaGetLastError();
        step.forget();
        operations();
        return;
    }
    stream_.check(started, "starting a step");
}

cudaGraphExec_t StepGraphs::record(const std::function<void()>& operations,
                                   std::vector<Buffer>& memory) {
    const cudaStream_t stream = stream_.handle();
    // Relaxed: the chain takes memory for what its launches read.
    if (cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed) != cudaSuccess) {
        cudaGetLastError();
        return nullptr;
    }
    recording_ = true;
    chain_.collect();
    operations();
    std::optional<std::vector<StepChain::Program>> programs = chain_.finish();
    recording_ = false;
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
    const cudaError_t ended = cudaStreamEndCapture(stream, &graph);
    stream_.check(ended, "recording a step");
    // What lacks an operation is not kept; and a card that has no room for the graph does the step
    // without one.
    if (ended == cudaSuccess && programs && !stream_.failed()
        && cudaGraphInstantiate(&executable, graph, 0) != cudaSuccess) {
        cudaGetLastError();
        executable = nullptr;
    }
    if (graph != nullptr)
        cudaGraphDestroy(graph);
    if (executable == nullptr)
        return nullptr;
    for (StepChain::Program& program : *programs) {
        stream_.upload(program.phases, program.memory.memory.get());
        memory.push_back(std::move(program.memory));
    }
    return executable;
}

} // namespace lapidary::kernels::cuda
