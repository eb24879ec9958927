#pragma once

#include "checkpoint/checkpoint.h"
#include "gemma4/text/activations.h"
#include "gemma4/text/text_decoder.h"
#include "gemma4/vision/image_encoder.h"

#include <kernels/backend.h>
#include <kernels/error.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

namespace lapidary::engine {

/// The networks of a checkpoint on a device, and the memory that every step computes in. Contexts
/// share it; one thread at a time.
struct LoadedModel {
    Checkpoint checkpoint;
    std::unique_ptr<kernels::Backend> backend;
    TextDecoder decoder;
    std::unique_ptr<ImageEncoder> images; // null: sees none
    std::vector<kernels::Buffer> vectors; // what the two keep in f32
    Activations activations;
    std::size_t weightBytes = 0;

    [[nodiscard]] const ModelConfig& config() const { return checkpoint.config(); }

    /// Rows that one step may have: a prefill chunk, or an image whose tokens see each other.
    [[nodiscard]] static std::int64_t stepRows(const ModelConfig& config);

    ///   logitRows  rows of a step whose logits may be asked for
    ///   progress   bytes done, after each tensor
    ///   DoesNotFit, Corrupt (a file that shrank), Cancelled.
    [[nodiscard]] static Expected<std::unique_ptr<LoadedModel>>
    load(Checkpoint checkpoint, std::unique_ptr<kernels::Backend> backend, std::int64_t logitRows,
         const std::function<void(std::size_t)>& progress = {}, const std::stop_token& stop = {});
};

} // namespace lapidary::engine
