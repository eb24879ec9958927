#pragma once

#include "checkpoint/model_config.h"
#include "checkpoint/tensor_list.h"
#include "checkpoint/tensor_store.h"

#include <kernels/error.h>
#include <kernels/weight.h>

#include <expected>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// One format of weights: how the tensors that a configuration implies lie in the files. A new
/// format is one implementation and one line in the table of weight_formats.cpp. Outlived by the
/// store it reads.
class WeightReader {
public:
    WeightReader() = default;
    WeightReader(const WeightReader&) = delete;
    WeightReader& operator=(const WeightReader&) = delete;
    virtual ~WeightReader() = default;

    /// For people: "BF16".
    [[nodiscard]] virtual std::string format() const = 0;

    /// Every tensor is there in the right shape and an element type that can be read, and nothing
    /// else is. Comes first; the other calls rely on it. Corrupt, Unsupported.
    [[nodiscard]] virtual Expected<void> check(std::span<const TensorSpec> specs) = 0;

    /// The format that `weight` hands out. Of a Matrix.
    [[nodiscard]] virtual kernels::WeightFormat weightFormat(const TensorSpec& spec) const = 0;

    /// Of a Matrix. Corrupt when what was not looked at before cannot be: scales, for example.
    [[nodiscard]] virtual Expected<kernels::WeightSource> weight(const TensorSpec& spec) const = 0;
    [[nodiscard]] virtual std::vector<float> values(const TensorSpec& spec) const = 0;
};

/// The reader for what the folder holds: facts of the tensors decide before the configuration
/// (formats.md 1). Unsupported, by name, for a format that has no reader.
[[nodiscard]] Expected<std::unique_ptr<WeightReader>>
openWeights(const std::filesystem::path& folder, const ModelConfig& config,
            const TensorStore& store);

/// What to say of weights in a format that has no reader.
[[nodiscard]] std::unexpected<Error> failToRead(std::string_view format);

/// Unsupported, by name, when the configuration alone names a format that has no reader.
[[nodiscard]] Expected<void> checkQuantMethod(const ModelConfig& config);

} // namespace lapidary::engine
