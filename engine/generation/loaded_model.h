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

    ///   head       other than as stored where the device gains by it
    ///   progress   bytes read, after each piece
    ///   DoesNotFit, Corrupt (a file that shrank), Cancelled.
    [[nodiscard]] static Expected<std::unique_ptr<LoadedModel>>
    load(Checkpoint checkpoint, std::unique_ptr<kernels::Backend> backend, WeightChoice weights,
         HeadChoice head = HeadChoice::AsStored,
         const std::function<void(std::size_t)>& progress = {}, const std::stop_token& stop = {});
};

} // namespace lapidary::engine
