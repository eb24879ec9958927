#pragma once

#include "checkpoint/model_config.h"
#include "model.h"

#include <kernels/error.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace lapidary::engine {

class Checkpoint;

/// What lapidary.json, an optional file of a folder, says to people.
struct ModelCard {
    std::string name;   ///< "": none given
    std::string notice; ///< one sentence, or ""
};

/// Reads the text of a lapidary.json: an object with the optional keys "name" and "notice".
/// Corrupt.
[[nodiscard]] Expected<ModelCard> readModelCard(std::string_view json);

/// The card of a folder; an empty one when it has none. Denied, Corrupt.
[[nodiscard]] Expected<ModelCard> readFolderCard(const std::filesystem::path& folder);

/// "Gemma 4 12B" for the shapes of a released model (gemma4.md 1.1); none for any other.
[[nodiscard]] std::optional<std::string> releasedName(const ModelConfig& config);

/// What sets the model apart: "gemma4_unified: 48 layers (40 sliding, 8 full) of width 3840, …".
[[nodiscard]] std::string describeVariant(const ModelConfig& config);

/// The name people read: the card's, a released model's, or the folder's.
[[nodiscard]] std::string nameForPeople(const std::filesystem::path& folder, const ModelCard& card,
                                        const ModelConfig& config);

/// A description of a checkpoint that is open.
[[nodiscard]] ModelDescription describeCheckpoint(const Checkpoint& checkpoint,
                                                  const ModelCard& card);

} // namespace lapidary::engine
