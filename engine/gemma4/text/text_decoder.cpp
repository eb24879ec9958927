#include "gemma4/text/text_decoder.h"

#include "cache/kv_cache.h"
#include "checkpoint/model_config.h"
#include "gemma4/tensor_loader.h"
#include "gemma4/text/activations.h"
#include "gemma4/text/rotation.h"

#include <kernels/assert.h>

#include <bit>
#include <cmath>
#include <format>
#include <memory>
#include <string>
#include <utility>

namespace lapidary::engine {

using kernels::Tensor;
using kernels::Weight;

namespace {

/// √width as the reference has it: rounded to the type of the table it multiplies (gemma4.md 2.1).
float embeddingScale(const Weight& table, int width) {
    const float root = std::sqrt(static_cast<float>(width));
    if (table.format() != kernels::WeightFormat::BF16)
        return root;
    // To nearest, ties to even, on the upper 16 bits.
    const auto bits = std::bit_cast<std::uint32_t>(root);
    return std::bit_cast<float>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) & 0xFFFF0000U);
}

void loadDense(DenseFeedForward& mlp, TensorLoader& load, const std::string& layer) {
    mlp.norm = load.vector(layer + "pre_feedforward_layernorm.weight");
    mlp.gate = load.matrix(layer + "mlp.gate_proj.weight");
    mlp.up = load.matrix(layer + "mlp.up_proj.weight");
    mlp.down = load.matrix(layer + "mlp.down_proj.weight");
}

std::unique_ptr<FeedForward> loadFeedForward(TensorLoader& load, const std::string& layer,
                                             const ModelConfig& config) {
    if (!config.experts) {
        auto dense = std::make_unique<DenseFeedForward>();
        loadDense(*dense, load, layer);
        return dense;
    }
    auto experts = std::make_unique<ExpertFeedForward>();
    loadDense(experts->dense, load, layer);
    experts->denseNorm = load.vector(layer + "post_feedforward_layernorm_1.weight");
    experts->expertsInNorm = load.vector(layer + "pre_feedforward_layernorm_2.weight");
    experts->expertsOutNorm = load.vector(layer + "post_feedforward_layernorm_2.weight");
    experts->routerScale = load.vector(layer + "router.scale");
    experts->router = load.matrix(layer + "router.proj.weight");
    experts->perExpertScale = load.vector(layer + "router.per_expert_scale");
    experts->gateUp = load.matrix(layer + "experts.gate_up_proj");
    experts->down = load.matrix(layer + "experts.down_proj");
    experts->chosen = config.experts->topK;
    experts->epsilon = config.epsilon;
    return experts;
}

AttentionBlock loadAttention(TensorLoader& load, const std::string& layer,
                             const ModelConfig& config, const LayerConfig& shape) {
    AttentionBlock attention;
    const std::string self = layer + "self_attn.";
    attention.q = load.matrix(self + "q_proj.weight");
    attention.qNorm = load.vector(self + "q_norm.weight");
    if (shape.ownsKv) {
        attention.k = load.matrix(self + "k_proj.weight");
        attention.kNorm = load.vector(self + "k_norm.weight");
        if (!shape.keyIsValue)
            attention.v = load.matrix(self + "v_proj.weight");
    }
    attention.o = load.matrix(self + "o_proj.weight");
    attention.frequencies = load.vector(frequencies(config.rotary(shape), shape.headDim));
    attention.heads = config.heads;
    attention.kvHeads = shape.kvHeads;
    attention.headDim = shape.headDim;
    attention.window = shape.sliding ? config.slidingWindow : 0;
    attention.epsilon = config.epsilon;
    return attention;
}

DecoderLayer loadLayer(TensorLoader& load, const std::string& name, const ModelConfig& config,
                       const LayerConfig& shape) {
    DecoderLayer layer;
    layer.inputNorm = load.vector(name + "input_layernorm.weight");
    layer.attention = loadAttention(load, name, config, shape);
    layer.postAttentionNorm = load.vector(name + "post_attention_layernorm.weight");
    layer.feedForward = loadFeedForward(load, name, config);
    layer.postFeedForwardNorm = load.vector(name + "post_feedforward_layernorm.weight");
    if (config.perLayerInput)
        layer.perLayerInput = PerLayerInput{
            .gate = load.matrix(name + "per_layer_input_gate.weight"),
            .projection = load.matrix(name + "per_layer_projection.weight"),
            .norm = load.vector(name + "post_per_layer_input_norm.weight"),
        };
    layer.scalar = load.scalar(name + "layer_scalar");
    layer.epsilon = config.epsilon;
    return layer;
}

PerLayerEmbedding loadPerLayerEmbedding(TensorLoader& load, const std::string& model,
                                        const ModelConfig& config, int width) {
    PerLayerEmbedding embedding;
    embedding.table = load.table(model + "embed_tokens_per_layer.weight");
    embedding.projections =
        load.matrixParts(model + "per_layer_model_projection.weight", config.layerCount());
    embedding.norm = load.vector(model + "per_layer_projection_norm.weight");
    embedding.tableScale = embeddingScale(embedding.table, width);
    embedding.epsilon = config.epsilon;
    return embedding;
}

} // namespace

TextDecoder TextDecoder::load(TensorLoader& load, const ModelConfig& config) {
    const std::string model = "model.language_model.";
    TextDecoder decoder;
    decoder.embeddings_ = load.matrix(model + "embed_tokens.weight");
    decoder.embeddingScale_ = embeddingScale(decoder.embeddings_, config.hidden);
    if (config.perLayerInput)
        decoder.perLayer_ = loadPerLayerEmbedding(load, model, config, config.perLayerInput->width);
    for (int l = 0; l < config.layerCount(); ++l) {
        const LayerConfig& shape = config.layers[static_cast<std::size_t>(l)];
        decoder.layers_.push_back(
            loadLayer(load, std::format("{}layers.{}.", model, l), config, shape));
        if (shape.ownsKv)
            decoder.owningLayers_ = decoder.layers_.size();
    }
    decoder.norm_ = load.vector(model + "norm.weight");
    decoder.epsilon_ = config.epsilon;
    decoder.logitCap_ = config.logitCap;
    return decoder;
}

Tensor TextDecoder::run(kernels::Backend& backend, const StepInput& input, const KvCache& cache,
                        const Activations& activations, std::int64_t wanted) const {
    place(backend, input, activations);
    const auto rows = static_cast<std::int64_t>(input.ids.size());
    embed(backend, rows, activations);
    for (const SoftRows& soft : input.soft)
        backend.upload(soft.values, activations.x.slice(soft.row, soft.rows));
    return layers(backend, {.rows = rows, .firstPosition = input.firstPosition, .runs = input.runs},
                  cache, activations, wanted);
}

void TextDecoder::place(kernels::Backend& backend, const StepInput& input,
                        const Activations& activations) const {
    const auto rows = static_cast<std::int64_t>(input.ids.size());
    LAPIDARY_ASSERT(rows <= activations.rows);
    backend.upload(std::as_bytes(input.ids), activations.ids.slice(0, rows));
    if (perLayer_)
        perLayer_->place(backend, input.ids, activations);
}

Tensor TextDecoder::runPlaced(kernels::Backend& backend, const Step& step, const KvCache& cache,
                              const Activations& activations) const {
    embed(backend, step.rows, activations);
    return layers(backend, step, cache, activations, step.rows);
}

Tensor TextDecoder::layers(kernels::Backend& backend, Step step, const KvCache& cache,
                           const Activations& activations, std::int64_t wanted) const {
    const std::int64_t rows = step.rows;
    LAPIDARY_ASSERT(wanted <= rows);
    if (perLayer_)
        perLayer_->apply(backend, rows, activations);
    if (!layers_.empty())
        backend.rmsNorm(activations.x.slice(0, rows), layers_.front().inputNorm, epsilon_,
                        activations.normed.slice(0, rows), activations.largest.slice(0, rows));
    Activations memory = activations;
    for (std::size_t l = 0; l < layers_.size(); ++l) {
        if (l == owningLayers_) {
            step = step.last(wanted);
            memory = activations.lastRows(rows, wanted);
        }
        if (step.rows == 0)
            break;
        const auto layer = static_cast<std::int64_t>(l);
        const Tensor ple = perLayer_ ? activations.perLayerOf(layer, rows, step.rows) : Tensor{};
        const Tensor next = l + 1 < layers_.size() ? layers_[l + 1].inputNorm : Tensor{};
        layers_[l].apply(backend, step, cache.layer(l), ple, next, memory);
    }
    return memory.x.slice(step.rows - wanted, wanted);
}

Expected<std::size_t> TextDecoder::coarsenHead(kernels::Backend& backend) {
    auto coarse = backend.coarsen(embeddings_);
    if (!coarse)
        return std::unexpected(std::move(coarse.error()));
    coarse_ = std::move(*coarse);
    return coarse_.bytes;
}

void TextDecoder::estimate(kernels::Backend& backend, const Tensor& residual,
                           const Activations& activations) const {
    LAPIDARY_ASSERT(residual.rows() <= activations.logitRows);
    const kernels::Estimate estimate = estimateOf(residual.rows(), activations);
    backend.rmsNorm(residual, norm_, epsilon_, estimate.x);
    backend.estimate(estimate);
}

kernels::Estimate TextDecoder::estimateOf(std::int64_t rows, const Activations& activations) const {
    return {.w = embeddings_,
            .coarse = coarse_,
            .cap = logitCap_,
            .x = activations.normed.slice(0, rows),
            .logits = activations.logits.slice(0, rows),
            .bounds = activations.bounds.slice(0, rows)};
}

Tensor TextDecoder::logits(kernels::Backend& backend, const Tensor& residual,
                           const Activations& activations) const {
    const std::int64_t rows = residual.rows();
    LAPIDARY_ASSERT(rows <= activations.logitRows);
    const Tensor y = activations.normed.slice(0, rows);      // [rows, hidden]
    const Tensor result = activations.logits.slice(0, rows); // [rows, vocabulary] f32
    backend.rmsNorm(residual, norm_, epsilon_, y);
    backend.logits(embeddings_, y, logitCap_, result);
    return result;
}

void TextDecoder::embed(kernels::Backend& backend, std::int64_t rows,
                        const Activations& activations) const {
    backend.embed(embeddings_, activations.ids.slice(0, rows), embeddingScale_,
                  activations.x.slice(0, rows));
}

} // namespace lapidary::engine
