#pragma once

#include "generation/loaded_model.h"

#include "cache/token_sequence.h"
#include "image.h"

#include <QByteArray>
#include <QString>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace lapidary::engine::test {

/// One prompt of tests/reference/cases, with what transformers computed for it.
struct ReferencePrompt {
    std::vector<std::int32_t> ids;
    std::vector<float> logits;        // [ids, vocabulary]
    std::vector<std::int32_t> greedy; // what follows
    std::vector<float> imageFeatures; // [soft tokens of all images, hidden]
    std::vector<std::shared_ptr<const Image>> images;
    std::vector<int> budgets; // [images]
};

/// A stored checkpoint on the CPU.
struct ReferenceModel {
    std::unique_ptr<LoadedModel> model;

    [[nodiscard]] TokenSequence tokens(const ReferencePrompt& prompt) const {
        return {prompt.ids, model->config().tokens.image};
    }

    /// The soft tokens of a prompt's images, as our encoder makes them.
    [[nodiscard]] std::vector<SoftTokens> softTokens(const ReferencePrompt& prompt) const;
};

/// "unified/checkpoint", … : all stored checkpoints.
[[nodiscard]] std::vector<std::string> checkpointNames();

/// "text", "image", … : the prompts of a checkpoint's case.
[[nodiscard]] std::vector<std::string> promptNames(const std::string& checkpoint);

[[nodiscard]] ReferenceModel loadReference(const std::string& checkpoint, int threads = 1);
[[nodiscard]] ReferencePrompt readPrompt(const std::string& checkpoint, const std::string& prompt);

/// Adds a row for each prompt of each checkpoint, with the columns checkpoint and prompt.
void addPromptRows();

/// A row for each checkpoint, with the column checkpoint.
void addCheckpointRows();

/// ‖ours − theirs‖ / ‖theirs‖ of each row of `width` numbers.
[[nodiscard]] std::vector<double>
relativeErrors(const std::vector<float>& ours, const std::vector<float>& theirs, std::size_t width);

/// The largest of them.
[[nodiscard]] double largestRelativeError(const std::vector<float>& ours,
                                          const std::vector<float>& theirs, std::size_t width);

} // namespace lapidary::engine::test
