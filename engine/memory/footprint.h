#pragma once

#include "checkpoint/model_config.h"
#include "memory/memory_plan.h"

#include <cstddef>

namespace lapidary::engine {

class Checkpoint;

/// Bytes of a model's tensors by what they need.
struct WeightBytes {
    std::size_t resident = 0; ///< read for every token: packed matrices, small tensors as F32
    std::size_t matrices = 0; ///< of these the packed ones
    std::size_t mapped = 0;   ///< the per-layer table: read where it lies, in the file, on all
                              ///< devices, a row a token
};

/// Of the tensors found.
///   widest  bytes of the widest numbers that the device keeps matrices in: cards round f32 to bf16
[[nodiscard]] WeightBytes weightBytes(const Checkpoint& checkpoint, WeightChoice weights,
                                      std::size_t widest = sizeof(float));

/// Of a configuration alone, its matrices stored as BF16.
[[nodiscard]] WeightBytes weightBytes(const ModelConfig& config);

/// The size of an activation there: f32 on the CPU, bf16 on cards (Backend::activationType).
[[nodiscard]] std::size_t activationNumberBytes(const kernels::DeviceDescription& device);

/// What one step of the decoder computes in: a prefill chunk of the longest kind, and the logits
/// of kLogitRows rows with their bounds and what drawing from them takes. `numberBytes` is the size
/// of an activation.
[[nodiscard]] std::size_t activationBytes(const ModelConfig& config, std::size_t numberBytes);

/// What becomes of a choice on a device: the processor reads heads as they are stored.
[[nodiscard]] HeadChoice headOn(const kernels::DeviceDescription& device, HeadChoice head);

/// What a head takes beside the weights.
[[nodiscard]] std::size_t headBytes(const ModelConfig& config, HeadChoice head,
                                    const kernels::DeviceDescription& device);

/// What encoding one image of a budget computes in, while it is encoded.
[[nodiscard]] std::size_t workspaceBytes(const ModelConfig& config, int imageBudget,
                                         std::size_t numberBytes);

/// Rows of a step whose logits may be wanted: a round of 15 proposed tokens and the one before.
inline constexpr int kLogitRows = 16;

/// The plan of a model whose tensors are counted already.
[[nodiscard]] MemoryPlan makePlan(const ModelConfig& config, const WeightBytes& weights,
                                  const Recipe& recipe, const kernels::DeviceDescription& device);

} // namespace lapidary::engine
