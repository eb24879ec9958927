#pragma once

#include "checkpoint/weight_reader.h"

#include <set>
#include <string>
#include <utility>

namespace lapidary::engine {

/// Weights as floating-point numbers: F32 and BF16 where they lie, F16 widened to F32 when read.
/// Experts may be stacked or kept apart.
class PlainReader final : public WeightReader {
public:
    explicit PlainReader(const TensorStore& store) : store_(store) {}

    /// Canonical names that another reader answers for; before `check`.
    void addKnown(std::set<std::string, std::less<>> names) { known_.merge(std::move(names)); }

    [[nodiscard]] std::string format() const override;
    [[nodiscard]] Expected<void> check(std::span<const TensorSpec> specs) override;
    [[nodiscard]] kernels::WeightFormat weightFormat(const TensorSpec& spec) const override;
    [[nodiscard]] Expected<kernels::WeightSource> weight(const TensorSpec& spec) const override;
    [[nodiscard]] std::vector<float> values(const TensorSpec& spec) const override;

private:
    [[nodiscard]] Expected<void> checkSpec(const TensorSpec& spec);
    [[nodiscard]] Expected<void> checkExperts(const TensorSpec& spec);
    [[nodiscard]] Expected<void> checkStored(const TensorSpec& spec, const StoredTensor& stored,
                                             std::span<const std::int64_t> shape);
    [[nodiscard]] Expected<void> checkNothingElse() const;

    const TensorStore& store_;
    std::set<std::string, std::less<>> known_; ///< canonical names that a specification covers
    std::set<StoredType> matrixTypes_;
};

} // namespace lapidary::engine
