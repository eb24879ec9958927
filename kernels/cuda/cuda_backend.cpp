#include "cuda/cuda_backend.h"

#include "assert.h"
#include "cpu/operations/sample.h"
#include "cuda/attention.h"
#include "cuda/card_weight.h"
#include "cuda/experts.h"
#include "cuda/memory_mapping.h"
#include "cuda/packer.h"
#include "cuda/rotate_store.h"
#include "cuda/sample.h"
#include "cuda/tensors.h"

#include <utility>
#include <vector>

namespace lapidary::kernels::cuda {

namespace {

std::int64_t widthOf(const Tensor& tensor) {
    return tensor.shape[static_cast<std::size_t>(tensor.rank - 1)];
}

int narrow(std::int64_t value) {
    return static_cast<int>(value);
}

/// Copies of 16 bytes need rows that begin on 16 bytes.
bool vectorised(std::int64_t width) {
    return width % 8 == 0;
}

/// Whether the step kernel norms these rows; which kernel does depends on shapes alone.
bool isStreamNorm(std::int64_t rows, std::int64_t width) {
    return rows <= kSkinnyRows && vectorised(width) && width <= kWidestNorm;
}

} // namespace

Expected<std::unique_ptr<Backend>> CudaBackend::open(int device) {
    auto stream = Stream::open(device);
    if (!stream)
        return std::unexpected(std::move(stream.error()));
    auto chain = StepChain::make(**stream);
    if (!chain)
        return std::unexpected(std::move(chain.error()));
    auto products = Products::make(**stream, **chain);
    if (!products)
        return std::unexpected(std::move(products.error()));
    auto steps = StepGraphs::make(**stream, **chain);
    if (!steps)
        return std::unexpected(std::move(steps.error()));
    std::unique_ptr<CudaBackend> backend(new CudaBackend(std::move(*stream), std::move(*chain),
                                                         std::move(*products), std::move(*steps)));
    auto counters = backend->allocate(sizeof(DecodeCounters));
    if (!counters)
        return std::unexpected(std::move(counters.error()));
    backend->decodeCounters_ = std::move(*counters);
    cudaMemsetAsync(backend->decodeCounters_.memory.get(), 0, sizeof(DecodeCounters),
                    backend->stream_->handle());
    if (auto ready = backend->wait(); !ready)
        return std::unexpected(std::move(ready.error()));
    return backend;
}

CudaBackend::CudaBackend(std::unique_ptr<Stream> stream, std::unique_ptr<StepChain> chain,
                         std::unique_ptr<Products> products, std::unique_ptr<StepGraphs> steps)
    : stream_(std::move(stream))
    , chain_(std::move(chain))
    , products_(std::move(products))
    , steps_(std::move(steps))
    , gatherer_(*stream_) {}

Expected<Buffer> CudaBackend::allocate(std::size_t bytes) {
    return stream_->allocate(bytes);
}

Expected<std::unique_ptr<GrowingMemory>> CudaBackend::reserve(std::size_t mostBytes) {
    return reserveOnCard(*stream_, mostBytes);
}

void CudaBackend::upload(std::span<const std::byte> from, const Tensor& to) {
    LAPIDARY_ASSERT(from.size() == to.bytes());
    stream_->enter(); // a step begins with its ids; the thread may be new
    stream_->upload(from, to.data);
}

void CudaBackend::download(const Tensor& from, std::span<std::byte> to) {
    LAPIDARY_ASSERT(to.size() == from.bytes());
    stream_->enter();
    stream_->download(from.data, to);
}

Expected<Weight> CudaBackend::pack(const WeightSource& source, WeightFormat as) {
    return packOnCard(*stream_, source, as);
}

std::unique_ptr<Packer> CudaBackend::packer(Packer::Watch watch) {
    return std::make_unique<CardPacker>(*stream_, std::move(watch));
}

Expected<Weight> CudaBackend::keep(const WeightSource& source) {
    return RowGatherer::keep(source);
}

void CudaBackend::gather(const Weight& table, std::span<const std::int32_t> ids, float scale,
                         const Tensor& y) {
    gatherer_.gather(table, ids, scale, y);
}

Expected<void> CudaBackend::wait() {
    return stream_->wait();
}

void CudaBackend::repeat(std::unique_ptr<Recording>& recording, std::int64_t firstPosition,
                         const std::function<void()>& operations) {
    steps_->repeat(recording, firstPosition, operations);
}

DeviceDescription CudaBackend::describe() const {
    stream_->enter();
    cudaDeviceProp properties{};
    cudaGetDeviceProperties(&properties, stream_->device());
    DeviceDescription card;
    card.id = "cuda:" + std::to_string(stream_->device());
    card.name = properties.name;
    card.index = stream_->device();
    cudaMemGetInfo(&card.freeBytes, &card.totalBytes);
    return card;
}

void CudaBackend::embed(const Weight& table, const Tensor& ids, float scale, const Tensor& y) {
    LAPIDARY_ASSERT(y.rows() == ids.elements() && y.rowSize() == table.columns());
    cuda::embed(static_cast<const Bf16*>(matrixOf(table).numbers), integers(ids), y.rows(),
                table.columns(), scale, halves(y), stream_->handle());
}

void CudaBackend::queueElements(const ElementPhase& elements) {
    const StepPhase phase(elements, chain_->multiprocessors());
    chain_->add(std::span(&phase, 1));
}

void CudaBackend::queueNorm(const AddNormedProblem& problem) {
    const StepPhase phase(problem, chain_->multiprocessors());
    chain_->add(std::span(&phase, 1));
}

void CudaBackend::rmsNorm(const Tensor& x, const Tensor& weight, float epsilon, const Tensor& y,
                          const Tensor& largest) {
    LAPIDARY_ASSERT(x.elements() == y.elements());
    const std::int64_t width = widthOf(x);
    const std::int64_t rows = x.elements() / width;
    if (!weight.empty() && isStreamNorm(rows, width)) {
        queueNorm({.residual = halves(x),
                   .epsilon = epsilon,
                   .nextWeight = floats(weight),
                   .normed = halves(y),
                   .largest = floatsOrNone(largest),
                   .rows = rows,
                   .width = width});
        return;
    }
    cuda::rmsNorm(halves(x), floatsOrNone(weight), rows, width, epsilon, halves(y),
                  floatsOrNone(largest), stream_->handle());
}

namespace {

AddNormedProblem problemOf(const AddNormed& op) {
    LAPIDARY_ASSERT(op.x.elements() == op.residual.elements());
    AddNormedProblem problem{.residual = halves(op.residual),
                             .x = halves(op.x),
                             .weight = floats(op.weight),
                             .epsilon = op.epsilon,
                             .scale = op.scale,
                             .rows = op.x.rows(),
                             .width = op.x.rowSize()};
    if (!op.nextWeight.empty()) {
        problem.nextWeight = floats(op.nextWeight);
        problem.normed = halves(op.normed);
        problem.largest = floatsOrNone(op.largest);
    }
    return problem;
}

} // namespace

void CudaBackend::addNormed(const AddNormed& op) {
    const AddNormedProblem problem = problemOf(op);
    if (isStreamNorm(problem.rows, problem.width))
        queueNorm(problem);
    else
        cuda::addNormed(problem, stream_->handle());
}

void CudaBackend::linear(std::span<const Projection> projections, const Tensor& x,
                         const Tensor& largest) {
    products_->linear(projections, x, largest);
}

void CudaBackend::logits(const Weight& w, const Tensor& x, float cap, const Tensor& y) {
    products_->logits(w, x, cap, y);
}

void CudaBackend::rotateAndStore(const RotateAndStore& op) {
    RotateStoreProblem problem{.q = halves(op.q),
                               .qNorm = floats(op.qNorm),
                               .frequencies = floats(op.frequencies),
                               .firstPosition = op.firstPosition,
                               .rows = narrow(op.q.rows()),
                               .heads = narrow(op.q.shape[1]),
                               .headDim = narrow(op.q.shape[2]),
                               .epsilon = op.epsilon};
    if (!op.k.empty()) {
        problem.k = halves(op.k);
        problem.v = halves(op.v);
        problem.kNorm = floats(op.kNorm);
        problem.kvHeads = narrow(op.k.shape[1]);
        problem.cacheK = halves(op.cache.k);
        problem.cacheV = halves(op.cache.v);
        problem.capacity = op.cache.capacity();
    }
    cuda::rotateAndStore(problem, stream_->handle());
}

namespace {

AttentionProblem problemOf(const Attention& op) {
    AttentionProblem problem{.q = halves(op.q),
                             .k = halves(op.cache.k),
                             .v = halves(op.cache.v),
                             .out = halves(op.out),
                             .largest = op.largest.empty() ? nullptr : floats(op.largest),
                             .capacity = op.cache.capacity(),
                             .firstPosition = op.firstPosition,
                             .window = op.window,
                             .rows = narrow(op.q.rows()),
                             .heads = narrow(op.q.shape[1]),
                             .kvHeads = narrow(op.cache.k.shape[1]),
                             .headDim = narrow(op.q.shape[2])};
    LAPIDARY_ASSERT(vectorised(problem.headDim) && problem.headDim <= 512
                    && op.runs.size() <= kMostRuns);
    return problem;
}

DeviceRuns runsOf(const Attention& op) {
    DeviceRuns runs;
    for (const Run& run : op.runs)
        runs.at[runs.count++] = {run.begin, run.end};
    return runs;
}

bool decodes(const Attention& op) {
    return op.q.rows() <= kSkinnyRows && op.runs.empty();
}

} // namespace

void CudaBackend::attention(const Attention& op) {
    const AttentionProblem problem = problemOf(op);
    if (decodes(op))
        decodeAttention(problem, {});
    else
        attentionPrefill(problem, runsOf(op), stream_->handle());
}

void CudaBackend::rotateAndAttend(const RotateAndStore& rotate, const Attention& op) {
    const AttentionProblem problem = problemOf(op);
    if (!decodes(op)) {
        rotateAndStore(rotate);
        attentionPrefill(problem, runsOf(op), stream_->handle());
        return;
    }
    LAPIDARY_ASSERT(rotate.q.data == op.q.data && rotate.firstPosition == op.firstPosition);
    RawRows raw{.qNorm = floats(rotate.qNorm),
                .frequencies = floats(rotate.frequencies),
                .epsilon = rotate.epsilon};
    if (!rotate.k.empty()) {
        LAPIDARY_ASSERT(rotate.cache.k.data == op.cache.k.data);
        raw.k = halves(rotate.k);
        raw.v = halves(rotate.v);
        raw.kNorm = floats(rotate.kNorm);
    }
    decodeAttention(problem, raw);
}

void CudaBackend::decodeAttention(AttentionProblem problem, const RawRows& raw) {
    problem.position = steps_->position();
    void* const scratch = stream_->scratch(decodeScratchBytes(problem));
    if (scratch == nullptr)
        return;
    const RunSums sums = placeRuns(problem, scratch);
    auto* const counters = static_cast<DecodeCounters*>(decodeCounters_.memory.get());
    if (isLong(problem, stream_->sharedBytes())) {
        attentionDecode(problem, raw, sums, counters, stream_->handle());
        return;
    }
    const auto phases =
        attentionPhases({problem, raw, sums, counters->claimed}, chain_->multiprocessors());
    chain_->add(phases);
}

void CudaBackend::gatedMlp(const GatedMlp& op) {
    products_->gatedMlp(op);
}

namespace {

RouteProblem problemOf(const Route& op) {
    LAPIDARY_ASSERT(op.proj.rows() <= kMostExperts && op.x.rowSize() <= kWidestNorm);
    return {.x = halves(op.x),
            .scale = floats(op.scale),
            .proj = static_cast<const Bf16*>(matrixOf(op.proj).numbers),
            .perExpertScale = floats(op.perExpertScale),
            .chosen = integers(op.chosen),
            .weights = floats(op.weights),
            .rows = op.x.rows(),
            .hidden = op.x.rowSize(),
            .experts = narrow(op.proj.rows()),
            .topK = narrow(op.chosen.rowSize()),
            .factor = op.factor,
            .epsilon = op.epsilon};
}

ExpertProblem problemOf(const ExpertMlp& op) {
    return {.gateUp = matrixOf(op.gateUp),
            .down = matrixOf(op.down),
            .x = halves(op.x),
            .chosen = integers(op.chosen),
            .weights = floats(op.weights),
            .y = halves(op.y),
            .rows = op.x.rows(),
            .hidden = op.x.rowSize(),
            .width = op.down.columns(),
            .experts = narrow(op.down.experts()),
            .topK = narrow(op.chosen.rowSize())};
}

std::size_t activatedBytes(const ExpertProblem& p) {
    return static_cast<std::size_t>(p.rows * p.topK * p.width) * sizeof(Bf16);
}

} // namespace

void CudaBackend::route(const Route& op) {
    cuda::route(problemOf(op), stream_->handle());
}

void CudaBackend::queueExperts(const ExpertPhase& phase) {
    const auto phases = expertPhases(phase, chain_->multiprocessors());
    chain_->add(phases);
}

void CudaBackend::expertMlp(const ExpertMlp& op) {
    const ExpertProblem problem = problemOf(op);
    const bool phases = arePhases(problem);
    const bool grouped = !phases && problem.rows > kSkinnyRows && vectorised(problem.hidden)
                         && vectorised(problem.width);
    void* const scratch =
        stream_->scratch(grouped ? groupedScratchBytes(problem) : activatedBytes(problem));
    if (scratch == nullptr)
        return;
    auto* const activated = static_cast<Bf16*>(scratch);
    if (phases)
        queueExperts({.problem = problem, .activated = activated});
    else if (grouped)
        expertsGrouped(problem, scratch, stream_->handle());
    else
        expertsRagged(problem, activated, stream_->handle());
}

void CudaBackend::mixedMlp(const MixedMlp& op) {
    const RouteProblem routing = problemOf(op.route);
    ExpertProblem problem = problemOf(op.experts);
    if (!arePhases(problem)) {
        Backend::mixedMlp(op);
        return;
    }
    LAPIDARY_ASSERT(op.sum.x.data == op.dense.y.data && routing.topK == problem.topK);
    const std::size_t logitBytes =
        static_cast<std::size_t>(routing.rows * routing.experts) * sizeof(float);
    const std::size_t activatedAt = (logitBytes + 15) / 16 * 16;
    auto* const scratch =
        static_cast<std::byte*>(stream_->scratch(activatedAt + activatedBytes(problem)));
    if (scratch == nullptr)
        return;
    auto* const logits = reinterpret_cast<float*>(scratch);
    const StepPhase route(RoutePhase{routing, logits}, chain_->multiprocessors());
    chain_->add(std::span(&route, 1));
    chain_->parallel();
    products_->gatedMlp(op.dense);
    chain_->parallel();
    problem.x = routing.x;
    queueExperts({.problem = problem,
                  .activated = reinterpret_cast<Bf16*>(scratch + activatedAt),
                  .norm = floats(op.expertsInNorm),
                  .epsilon = op.epsilon,
                  .logits = logits,
                  .perExpertScale = routing.perExpertScale});
    const StepPhase end(BranchPhase{.sum = problemOf(op.sum),
                                    .dense = halves(op.dense.y),
                                    .other = problem.y,
                                    .norm = floats(op.denseNorm),
                                    .otherNorm = floats(op.expertsNorm),
                                    .epsilon = op.epsilon},
                        chain_->multiprocessors());
    chain_->add(std::span(&end, 1));
}

void CudaBackend::geluMultiply(const Tensor& gate, const Tensor& up, const Tensor& y) {
    if (chain_->collects())
        queueElements({halves(gate), halves(up), halves(y), y.elements()});
    else
        cuda::geluMultiply(halves(gate), halves(up), halves(y), y.elements(), stream_->handle());
}

void CudaBackend::scaledSum(const Tensor& a, const Tensor& b, float scale, const Tensor& y) {
    if (chain_->collects())
        queueElements({halves(a), halves(b), halves(y), y.elements(), scale});
    else
        cuda::scaledSum(halves(a), halves(b), scale, halves(y), y.elements(), stream_->handle());
}

void CudaBackend::layerNorm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                            float epsilon, const Tensor& y) {
    cuda::layerNorm(halves(x), floats(weight), floats(bias), x.rows(), x.rowSize(), epsilon,
                    halves(y), stream_->handle());
}

void CudaBackend::addBias(const Tensor& x, const Tensor& bias) {
    cuda::addBias(halves(x), floats(bias), x.rows(), x.rowSize(), stream_->handle());
}

void CudaBackend::addRows(const Tensor& x, const Tensor& table, const Tensor& indices) {
    cuda::addRows(halves(x), floats(table), integers(indices), x.rows(), x.rowSize(),
                  stream_->handle());
}

void CudaBackend::clamp(const Tensor& x, float low, float high) {
    cuda::clamp(halves(x), low, high, x.elements(), stream_->handle());
}

void CudaBackend::visionAttention(const VisionAttention& op) {
    const std::int64_t patches = op.q.rows();
    const int heads = narrow(op.q.shape[1]);
    const int headDim = narrow(op.q.shape[2]);
    LAPIDARY_ASSERT(vectorised(headDim) && headDim <= 512);
    rotateVision({.q = halves(op.q),
                  .k = halves(op.k),
                  .v = halves(op.v),
                  .qNorm = floats(op.qNorm),
                  .kNorm = floats(op.kNorm),
                  .columns = integers(op.columns),
                  .rows = integers(op.rows),
                  .frequencies = floats(op.frequencies),
                  .patches = patches,
                  .heads = heads,
                  .headDim = headDim,
                  .epsilon = op.epsilon},
                 stream_->handle());
    // All patches see all patches: one run over a cache that is just them.
    AttentionProblem problem{.q = halves(op.q),
                             .k = halves(op.k),
                             .v = halves(op.v),
                             .out = halves(op.out),
                             .capacity = patches,
                             .rows = narrow(patches),
                             .heads = heads,
                             .kvHeads = heads,
                             .headDim = headDim};
    DeviceRuns all{.count = 1};
    all.at[0] = {.begin = 0, .end = patches};
    attentionPrefill(problem, all, stream_->handle());
}

void CudaBackend::poolPatches(const Tensor& x, std::int64_t gridColumns, std::int64_t k,
                              float factor, const Tensor& bias, const Tensor& scale,
                              const Tensor& y) {
    cuda::poolPatches(halves(x), x.rows() / gridColumns, gridColumns, k, x.rowSize(), factor,
                      floatsOrNone(bias), floatsOrNone(scale), halves(y), stream_->handle());
}

void CudaBackend::sample(const Sample& op) {
    if (op.sampling.temperature > 0
        && (op.sampling.topK <= 0 || op.sampling.topK > kMostCandidates))
        sampleOnHost(op);
    else
        sampleOnCard(op);
}

void CudaBackend::sampleOnHost(const Sample& op) {
    std::vector<float> logits(static_cast<std::size_t>(op.logits.elements()));
    std::vector<std::int32_t> tokens(static_cast<std::size_t>(op.tokens.elements()));
    download(op.logits, std::as_writable_bytes(std::span(logits)));
    stream_->drain();
    Sample host = op;
    host.logits.data = logits.data();
    host.tokens.data = tokens.data();
    CpuContext context(1);
    kernels::sample(context, host);
    upload(std::as_bytes(std::span(tokens)), op.tokens);
}

void CudaBackend::sampleOnCard(const Sample& op) {
    std::vector<std::int32_t> lists;
    if (op.sampling.repetitionPenalty != 1.0F) {
        // Each seen token counts once.
        std::vector<bool> counted(static_cast<std::size_t>(op.logits.rowSize()));
        for (const std::int32_t token : op.seenTokens) {
            const auto id = static_cast<std::size_t>(token);
            LAPIDARY_ASSERT(token >= 0 && id < counted.size());
            if (!counted[id])
                lists.push_back(token);
            counted[id] = true;
        }
    }
    const auto seen = narrow(static_cast<std::int64_t>(lists.size()));
    lists.insert(lists.end(), op.bannedTokens.begin(), op.bannedTokens.end());
    auto* const listed =
        static_cast<std::int32_t*>(stream_->scratch(lists.size() * sizeof(std::int32_t) + 4));
    if (listed == nullptr)
        return;
    stream_->upload(std::as_bytes(std::span(lists)), listed);
    cuda::sample({.logits = floats(op.logits),
                  .rows = op.logits.rows(),
                  .vocabulary = op.logits.rowSize(),
                  .sampling = op.sampling,
                  .firstPosition = op.firstPosition,
                  .seen = listed,
                  .seenCount = seen,
                  .banned = listed + seen,
                  .bannedCount = narrow(static_cast<std::int64_t>(op.bannedTokens.size())),
                  .tokens = integers(op.tokens)},
                 stream_->handle());
}

} // namespace lapidary::kernels::cuda
