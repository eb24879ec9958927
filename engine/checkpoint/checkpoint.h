#pragma once

#include "checkpoint/model_config.h"
#include "checkpoint/tensor_list.h"
#include "recipe.h"

#include <kernels/error.h>
#include <kernels/weight.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

class TensorStore;
class WeightReader;

/// The configuration of a folder, its tensors not looked at.
struct FolderConfig {
    ModelConfig model;
    GenerationConfig generation;
};

/// Reads config.json and, where there is one, generation_config.json.
/// NotFound, Denied, Corrupt, Unsupported (another family).
[[nodiscard]] Expected<FolderConfig> readFolderConfig(const std::filesystem::path& folder);

/// A folder with a model of the family, checked whole: the configuration agrees with itself and
/// with the tensors, every tensor that the model reads is there with the shape it must have, and
/// none is there that nothing reads.
///
/// Tensors are asked for by the names of gemma4.md section 3 in full ("model.language_model.
/// layers.0.input_layernorm.weight"), whatever the file calls them. Names that the configuration
/// does not imply are bugs and end the process; `has` tells for the optional ones.
///
/// Opening maps the files and reads their headers alone. Values are handed out as views of the
/// mapping where the backend can use them so; views keep the mapping alive. A file that shrinks
/// while it is mapped reads as zeros from there on, and `checkIntact` says so: callers ask after
/// reading values, and before they trust what was computed from them. Any thread, after opening.
class Checkpoint {
public:
    /// NotFound, Corrupt, Unsupported (another family, a format of weights nothing here reads).
    [[nodiscard]] static Expected<Checkpoint> open(const std::filesystem::path& folder);

    /// A model of a configuration without files: its text part, with random weights, to measure
    /// with. It has no folder, and no tensors in `store`. DoesNotFit.
    [[nodiscard]] static Expected<Checkpoint> synthetic(ModelConfig config);

    Checkpoint(Checkpoint&&) noexcept;
    Checkpoint& operator=(Checkpoint&&) noexcept;
    Checkpoint(const Checkpoint&) = delete;
    Checkpoint& operator=(const Checkpoint&) = delete;
    ~Checkpoint();

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    [[nodiscard]] const ModelConfig& config() const { return config_; }
    [[nodiscard]] const GenerationConfig& generation() const { return generation_; }

    /// The format of the weights, for people: "BF16".
    [[nodiscard]] std::string format() const;

    /// Of all tensor files together.
    [[nodiscard]] std::size_t fileBytes() const;

    /// What the configuration implies, in the order of the model.
    [[nodiscard]] const std::vector<TensorSpec>& specs() const { return specs_; }

    /// The format that a matrix is packed in.
    [[nodiscard]] kernels::WeightFormat packedFormat(const TensorSpec& spec,
                                                     WeightChoice weights) const;

    /// Bytes that a packed matrix will take; the values of other tensors take 4 each.
    [[nodiscard]] std::size_t packedBytes(const TensorSpec& spec, WeightChoice weights) const;

    /// All tensors of the files, audio included, by canonical name.
    [[nodiscard]] const TensorStore& store() const { return *store_; }

    [[nodiscard]] bool has(std::string_view name) const;

    /// What the configuration implies of a tensor.
    [[nodiscard]] const TensorSpec& spec(std::string_view name) const;

    /// A matrix [rows, columns], or a stack of experts [experts, rows, columns], for
    /// `Backend::pack`: in place for F32, BF16 and FP8, converted to F32 in own memory from F16,
    /// copied together where the file keeps every expert apart. Corrupt when the file has shrunk,
    /// or a scale is none.
    [[nodiscard]] Expected<kernels::WeightSource> weight(std::string_view name) const;

    /// The values of a vector or small table as F32, whatever they are stored as. Corrupt when the
    /// file has shrunk.
    [[nodiscard]] Expected<std::vector<float>> values(std::string_view name) const;

    /// Corrupt, naming the file, when a tensor file has become shorter since it was opened.
    [[nodiscard]] Expected<void> checkIntact() const;

private:
    Checkpoint();

    std::filesystem::path folder_;
    ModelConfig config_;
    GenerationConfig generation_;
    std::vector<TensorSpec> specs_;
    std::map<std::string, std::size_t, std::less<>> specOf_; ///< by name, into specs_
    std::unique_ptr<TensorStore> store_;                     ///< null: synthetic
    std::unique_ptr<WeightReader> reader_;
};

} // namespace lapidary::engine
