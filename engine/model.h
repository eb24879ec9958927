#pragma once

#include "memory/memory_plan.h"
#include "recipe.h"
#include "session.h"

#include <kernels/device.h>
#include <kernels/error.h>
#include <kernels/sampling.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace lapidary::engine {

/// What a folder holds, read from its configuration and file headers in milliseconds.
struct ModelDescription {
    std::filesystem::path folder;
    std::string name;           ///< for people: "Gemma 4 12B", or the folder's name
    std::string variant;        ///< "gemma4_unified, 48 layers, …"
    std::string format;         ///< of the weights, for people: "BF16"
    std::size_t fileBytes = 0;  ///< of all tensors
    std::size_t parameters = 0; ///< of the tensors the text model reads, embeddings included
    int maxContextTokens = 0;
    bool seesImages = false;
    bool thinks = true;         ///< knows the thinking channel
    kernels::Sampling sampling; ///< from generation_config.json
    std::string notice; ///< one sentence the picker shows, from the folder's model card; or ""
    std::string templateNotice; ///< of a loaded model: how the folder's own chat template differs
                                ///< from the one that is followed, one sentence; or ""
};

/// Reads what a folder holds. NotFound, Corrupt, Unsupported (another family, an unknown format).
[[nodiscard]] Expected<ModelDescription> describeModel(const std::filesystem::path& folder);

/// What running the model would take. Errors as for describeModel.
[[nodiscard]] Expected<MemoryPlan> planMemory(const std::filesystem::path& folder,
                                              const Recipe& recipe,
                                              const kernels::DeviceDescription& device);

struct LoadProgress {
    enum class Phase : std::uint8_t { Reading, WarmingUp };
    Phase phase = Phase::Reading;
    std::size_t doneBytes = 0;
    std::size_t totalBytes = 0;
};

struct LoadRequest {
    std::filesystem::path folder;
    Recipe recipe;
    std::string device = "cpu";
    int threads = 0; ///< for the CPU; 0: one a physical core
    std::function<void(const LoadProgress&)> progress;
    std::stop_token stop;
};

/// A loaded model. Sessions keep it alive; it is used by one thread at a time.
class Model {
public:
    Model() = default;
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;
    virtual ~Model() = default;

    [[nodiscard]] virtual const ModelDescription& description() const = 0;
    [[nodiscard]] virtual const MemoryPlan& plan() const = 0;

    /// What is allocated now, by the same parts as the plan. Caches grow with their conversations,
    /// up to what is planned.
    [[nodiscard]] virtual MemoryPlan measuredMemory() const = 0;

    /// An empty conversation with a cache of its own. DoesNotFit.
    [[nodiscard]] virtual Expected<std::unique_ptr<Session>> openSession() = 0;
};

/// Plans, refuses what does not fit, then loads. Errors as for describeModel, DoesNotFit,
/// Cancelled.
[[nodiscard]] Expected<std::shared_ptr<Model>> loadModel(const LoadRequest& request);

} // namespace lapidary::engine
