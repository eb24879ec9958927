#pragma once

#include "checkpoint/model_config.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// Where a tensor belongs: what `inspect` groups by and the memory plan counts by.
enum class TensorPart : std::uint8_t {
    Embedding,     ///< token embedding, which is the head too
    PerLayerTable, ///< per-layer embeddings: gathered, never multiplied
    Attention,
    Mlp,
    Experts,       ///< with their router
    Norms,         ///< and scalars
    PerLayerInput, ///< projections of the per-layer embeddings
    Vision,
};

/// How a tensor is used.
enum class TensorUse : std::uint8_t {
    Matrix,  ///< packed by the backend
    Values,  ///< a vector or table kept in f32
    Ignored, ///< allowed in the file, never read
};

/// One tensor that a configuration implies.
struct TensorSpec {
    std::string name; ///< as in gemma4.md section 3
    std::vector<std::int64_t> shape;
    TensorPart part = TensorPart::Norms;
    TensorUse use = TensorUse::Values;
    std::string_view sizes; ///< the shape in keys of config.json, for sentences

    /// A linear of a layer of the language model, or a stack of experts, both of whose sizes are
    /// multiples of 16: what becomes FP8 where that is wanted (formats.md 4.3, 13). Not so
    /// embeddings, routers, the per-layer model projection and what belongs to images.
    bool quantisable = false;

    [[nodiscard]] std::int64_t elements() const;
};

/// All tensors of a configuration, in the order of the model: what must be in the files, and what
/// may be (`Ignored`: redundant K/V of sharing layers, a written-out tied head). Audio tensors are
/// not listed; see isAudioTensor.
[[nodiscard]] std::vector<TensorSpec> listTensors(const ModelConfig& config);

/// Elements of the tensors that the text model reads, embeddings included.
[[nodiscard]] std::size_t textParameters(std::span<const TensorSpec> specs);

/// Elements of the tensors of the image part.
[[nodiscard]] std::size_t imageParameters(std::span<const TensorSpec> specs);

/// True for the tensors of the audio parts, which are accepted and never read.
[[nodiscard]] bool isAudioTensor(std::string_view canonicalName);

} // namespace lapidary::engine
