#pragma once

#include "checkpoint/fp8_tensors.h"
#include "checkpoint/plain_reader.h"
#include "checkpoint/weight_reader.h"

#include <optional>
#include <string>
#include <vector>

namespace lapidary::engine {

/// Matrices of e4m3 codes with their scales, whatever calls them so, beside plain ones. Experts may
/// be stacked or kept apart. A row's scale is checked when its matrix is asked for.
class Fp8Reader final : public WeightReader {
public:
    /// format: for people, "FP8 (torchao)"
    Fp8Reader(const TensorStore& store, Fp8Tensors tensors, std::string format)
        : store_(store), tensors_(std::move(tensors)), format_(std::move(format)), plain_(store) {}

    [[nodiscard]] std::string format() const override { return format_; }
    [[nodiscard]] Expected<void> check(std::span<const TensorSpec> specs) override;
    [[nodiscard]] kernels::WeightFormat weightFormat(const TensorSpec& spec) const override;
    [[nodiscard]] Expected<kernels::WeightSource> weight(const TensorSpec& spec) const override;
    [[nodiscard]] std::vector<float> values(const TensorSpec& spec) const override;

private:
    /// The quantised tensors that make a matrix, in the order of its rows; none of a plain one, and
    /// nulls for the experts that are missing.
    [[nodiscard]] std::vector<const Fp8Tensor*> partsOf(const TensorSpec& spec) const;
    [[nodiscard]] static Expected<void> checkParts(const TensorSpec& spec,
                                                   std::span<const Fp8Tensor* const> parts);

    const TensorStore& store_;
    Fp8Tensors tensors_;
    std::string format_;
    PlainReader plain_; ///< for everything else
};

} // namespace lapidary::engine
