#pragma once

#include "weight.h"

#include "cpu/thread_pool.h"
#include "error.h"

#include <cstddef>
#include <memory>

namespace lapidary::kernels {

/// A weight of the CPU backend: the checkpoint's own bytes, [experts, rows, columns], any
/// alignment, and of Fp8 the scales, [experts, rows].
struct HostWeight final : Weight::Packed {
    const std::byte* data = nullptr;
    const float* scales = nullptr;
    std::shared_ptr<const void> owner;
};

/// Uses the source in place where its owner keeps it alive and it lies in one, and copies it
/// otherwise. DoesNotFit.
[[nodiscard]] Expected<Weight> packHost(const WeightSource& source);

/// An F32 or BF16 source quantised row by row. DoesNotFit.
[[nodiscard]] Expected<Weight> quantiseHost(ThreadPool& pool, const WeightSource& source);

/// The first byte of the matrix of one expert.
[[nodiscard]] const std::byte* matrixOf(const Weight& weight, std::int64_t expert = 0);

/// The scales of the rows of one expert; null unless the weight is Fp8.
[[nodiscard]] const float* scalesOf(const Weight& weight, std::int64_t expert = 0);

} // namespace lapidary::kernels
