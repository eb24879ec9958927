#include "gemma4/text/activations.h"

#include "checkpoint/model_config.h"

#include <algorithm>
#include <initializer_list>
#include <utility>
#include <vector>

namespace lapidary::engine {

using kernels::DType;
using kernels::Tensor;

namespace {

/// Lays tensors one after another into memory that is allocated afterwards.
class Layout {
public:
    void place(Tensor& tensor, DType type, std::initializer_list<std::int64_t> shape) {
        tensor = Tensor(nullptr, type, shape);
        placed_.emplace_back(&tensor, bytes_);
        bytes_ += (tensor.bytes() + kAlignment - 1) / kAlignment * kAlignment;
    }

    [[nodiscard]] std::size_t bytes() const { return bytes_; }

    void point(void* memory) const {
        for (const auto& [tensor, offset] : placed_)
            tensor->data = static_cast<std::byte*>(memory) + offset;
    }

private:
    static constexpr std::size_t kAlignment = 64; // what Backend::allocate promises
    std::vector<std::pair<Tensor*, std::size_t>> placed_;
    std::size_t bytes_ = 0;
};

void place(Layout& layout, Activations& a, const ModelConfig& config, DType type) {
    const std::int64_t hidden = config.hidden;
    std::int64_t queryWidth = 0;
    std::int64_t keyWidth = 0;
    std::int64_t mlpWidth = 0;
    for (const LayerConfig& layer : config.layers) {
        queryWidth = std::max<std::int64_t>(queryWidth, std::int64_t{config.heads} * layer.headDim);
        keyWidth = std::max<std::int64_t>(keyWidth, std::int64_t{layer.kvHeads} * layer.headDim);
        mlpWidth = std::max<std::int64_t>(mlpWidth, layer.mlpWidth);
    }

    layout.place(a.ids, DType::I32, {a.rows});
    layout.place(a.x, type, {a.rows, hidden});
    layout.place(a.normed, type, {a.rows, hidden});
    layout.place(a.largest, DType::F32, {a.rows});
    layout.place(a.branch, type, {a.rows, hidden});
    layout.place(a.q, type, {a.rows, queryWidth});
    layout.place(a.k, type, {a.rows, keyWidth});
    layout.place(a.v, type, {a.rows, keyWidth});
    layout.place(a.attended, type, {a.rows, queryWidth});
    layout.place(a.attendedLargest, DType::F32, {a.rows, config.heads});
    layout.place(a.mlp, type, {2 * a.rows, mlpWidth});
    if (const auto& experts = config.experts) {
        layout.place(a.experts.router, type, {a.rows, hidden + experts->count});
        layout.place(a.experts.chosen, DType::I32, {a.rows, experts->topK});
        layout.place(a.experts.weights, DType::F32, {a.rows, experts->topK});
        layout.place(a.experts.mlp, type, {a.rows * experts->topK, 3LL * experts->width + hidden});
        layout.place(a.experts.sum, type, {a.rows, hidden});
    }
    if (const auto& perLayer = config.perLayerInput) {
        const std::int64_t layers = config.layerCount();
        layout.place(a.perLayer, type, {layers, a.rows, perLayer->width});
        layout.place(a.perLayerToken, type, {layers, a.rows, perLayer->width});
        layout.place(a.perLayerGate, type, {a.rows, perLayer->width});
    }
    layout.place(a.logits, DType::F32, {a.logitRows, config.vocabulary});
    layout.place(a.bounds, DType::F32, {a.logitRows, kernels::boundsOf(config.vocabulary)});
    layout.place(a.tokens, DType::I32, {a.logitRows});
}

} // namespace

Expected<Activations> Activations::allocate(kernels::Backend& backend, const ModelConfig& config,
                                            std::int64_t rows, std::int64_t logitRows) {
    Activations activations;
    activations.rows = rows;
    activations.logitRows = logitRows;
    Layout layout;
    place(layout, activations, config, backend.activationType());
    auto memory = backend.allocate(layout.bytes());
    if (!memory)
        return std::unexpected(memory.error());
    layout.point(memory->memory.get());
    activations.memory = std::move(*memory);
    return activations;
}

} // namespace lapidary::engine
