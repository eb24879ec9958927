#pragma once

#include "checkpoint/checkpoint.h"
#include "checkpoint/describe.h"
#include "checkpoint/tensor_list.h"
#include "memory/cache_geometry.h"
#include "memory/footprint.h"

#include <kernels/device.h>
#include <kernels/error.h>

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lapidary::cli {

/// A tensor of the files or, without files, of the configuration.
struct InspectedTensor {
    std::string name;
    std::vector<std::int64_t> shape;
    std::string type; ///< "BF16"; "" without files
    std::string file; ///< "" without files
    std::size_t bytes = 0;
};

/// Tensors of one part, added up.
struct InspectedPart {
    std::string name;
    std::size_t tensors = 0;
    std::size_t parameters = 0;
};

/// The cache of one context length in one format.
struct InspectedCache {
    std::int64_t contextTokens = 0;
    engine::CacheFormat format = engine::CacheFormat::BF16;
    std::size_t windowBytes = 0; ///< without the reserve of the rings
    std::size_t bytes = 0;       ///< what a session allocates
};

/// Everything `inspect` tells about a folder.
struct Inspection {
    std::filesystem::path folder;
    std::string name;
    std::string variant;
    std::string notice;
    std::string format; ///< of the weights; "" when they could not be opened
    std::size_t fileBytes = 0;
    engine::ModelConfig config;
    engine::GenerationConfig generation;
    std::vector<InspectedTensor> tensors;
    std::vector<InspectedPart> parts;
    std::size_t textParameters = 0;
    std::size_t imageParameters = 0;
    engine::WeightBytes weights;
    /// With the linears quantised at load (recipes whose weights are "fp8"); none without tensors.
    std::optional<engine::WeightBytes> weightsAsFp8;
    std::size_t headBytes = 0;         ///< what a head in 8 bits takes besides, on the device
    kernels::DeviceDescription device; ///< what the memory is planned for
    std::size_t activationBytes = 0;
    std::size_t workspaceBytes = 0; ///< for an image of the default budget
    std::vector<InspectedCache> caches;

    /// Why the tensors could not be opened; the rest is then from the configuration alone, its
    /// weights taken as BF16.
    std::optional<Error> problem;

    /// Bytes of everything with this cache.
    [[nodiscard]] std::size_t total(const InspectedCache& cache) const {
        return weights.resident + activationBytes + workspaceBytes + cache.bytes;
    }

    /// Errors of readFolderConfig.
    [[nodiscard]] static Expected<Inspection> make(const std::filesystem::path& folder,
                                                   const kernels::DeviceDescription& device);
};

/// "bf16"
[[nodiscard]] std::string_view nameOf(engine::CacheFormat format);

} // namespace lapidary::cli
