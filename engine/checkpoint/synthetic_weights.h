#pragma once

#include "checkpoint/weight_reader.h"
#include "file/repeated_block.h"

namespace lapidary::engine {

/// Weights of no file: matrices of small random numbers, and ones in all vectors, with which
/// activations stay finite through any number of layers because every block ends in a norm. For
/// measuring: the shapes and bytes are those of a real model, the text is noise. All matrices are
/// views of one repeated block that begin in different places of it.
class SyntheticWeights final : public WeightReader {
public:
    [[nodiscard]] std::string format() const override { return "random BF16"; }
    /// DoesNotFit.
    [[nodiscard]] Expected<void> check(std::span<const TensorSpec> specs) override;
    [[nodiscard]] kernels::WeightFormat weightFormat(const TensorSpec& spec) const override;
    /// Without an owner, so that every backend makes a copy: it then reads as many bytes as it
    /// would of a real model. The per-layer table has one: a step reads a row of it in any case.
    [[nodiscard]] Expected<kernels::WeightSource> weight(const TensorSpec& spec) const override;
    [[nodiscard]] std::vector<float> values(const TensorSpec& spec) const override;

private:
    std::shared_ptr<const RepeatedBlock> block_;
};

} // namespace lapidary::engine
