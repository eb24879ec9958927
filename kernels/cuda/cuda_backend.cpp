#include "cuda/cuda_backend.h"

#include "assert.h"
#include "cuda/card_weight.h"
#include "cuda/memory_mapping.h"
#include "cuda/packer.h"
#include "cuda/rotate_store.h"
#include "cuda/tensors.h"

#include <utility>

namespace lapidary::kernels::cuda {

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
    auto attention = AttentionOperations::make(**stream, **chain, **steps);
    if (!attention)
        return std::unexpected(std::move(attention.error()));
    std::unique_ptr<CudaBackend> backend(new CudaBackend(std::move(*stream), std::move(*chain),
                                                         std::move(*products), std::move(*steps),
                                                         std::move(*attention)));
    if (auto ready = backend->wait(); !ready)
        return std::unexpected(std::move(ready.error()));
    return backend;
}

CudaBackend::CudaBackend(std::unique_ptr<Stream> stream, std::unique_ptr<StepChain> chain,
                         std::unique_ptr<Products> products, std::unique_ptr<StepGraphs> steps,
                         std::unique_ptr<AttentionOperations> attention)
    : stream_(std::move(stream))
    , chain_(std::move(chain))
    , products_(std::move(products))
    , steps_(std::move(steps))
    , attention_(std::move(attention))
    , norms_(*stream_, *chain_)
    , experts_(*stream_, *chain_, *products_)
    , samples_(*stream_)
    , heads_(*stream_, samples_)
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

std::unique_ptr<Packer> CudaBackend::packer(std::size_t bytes, Packer::Watch watch) {
    return std::make_unique<CardPacker>(*stream_, bytes, std::move(watch));
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

void CudaBackend::rmsNorm(const Tensor& x, const Tensor& weight, float epsilon, const Tensor& y,
                          const Tensor& largest) {
    norms_.rmsNorm(x, weight, epsilon, y, largest);
}

void CudaBackend::addNormed(const AddNormed& op) {
    norms_.addNormed(op);
}

void CudaBackend::linear(std::span<const Projection> projections, const Tensor& x,
                         const Tensor& largest) {
    products_->linear(projections, x, largest);
}

void CudaBackend::logits(const Weight& w, const Tensor& x, float cap, const Tensor& y) {
    products_->logits(w, x, cap, y);
}

Expected<CoarseHead> CudaBackend::coarsen(const Weight& w) {
    return heads_.coarsen(w);
}

void CudaBackend::estimate(const Estimate& op) {
    if (op.coarse.empty())
        logits(op.w, op.x, op.cap, op.logits);
    else
        heads_.estimate(op);
}

void CudaBackend::rotateAndStore(const RotateAndStore& op) {
    attention_->rotateAndStore(op);
}

void CudaBackend::attention(const Attention& op) {
    attention_->attention(op);
}

void CudaBackend::rotateAndAttend(const RotateAndStore& rotate, const Attention& op) {
    attention_->rotateAndAttend(rotate, op);
}

void CudaBackend::gatedMlp(const GatedMlp& op) {
    products_->gatedMlp(op);
}

void CudaBackend::route(const Route& op) {
    experts_.route(op);
}

void CudaBackend::expertMlp(const ExpertMlp& op) {
    experts_.expertMlp(op);
}

void CudaBackend::mixedMlp(const MixedMlp& op) {
    if (!experts_.mixedMlp(op))
        Backend::mixedMlp(op);
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
    attention_->visionAttention(op);
}

void CudaBackend::poolPatches(const Tensor& x, std::int64_t gridColumns, std::int64_t k,
                              float factor, const Tensor& bias, const Tensor& scale,
                              const Tensor& y) {
    cuda::poolPatches(halves(x), x.rows() / gridColumns, gridColumns, k, x.rowSize(), factor,
                      floatsOrNone(bias), floatsOrNone(scale), halves(y), stream_->handle());
}

void CudaBackend::sample(const Sample& op) {
    if (op.estimate != nullptr && !op.estimate->coarse.empty()) {
        if (heads_.sample(op))
            return;
        logits(op.estimate->w, op.estimate->x, op.estimate->cap, op.logits);
    }
    samples_.sample(op);
}

} // namespace lapidary::kernels::cuda
