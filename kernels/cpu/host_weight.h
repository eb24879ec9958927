#pragma once

#include "weight.h"

#include "error.h"

#include <cstddef>
#include <memory>

namespace lapidary::kernels {

/// A weight of the CPU backend: the checkpoint's own bytes, [experts, rows, columns], any
/// alignment.
struct HostWeight final : Weight::Packed {
    const std::byte* data = nullptr;
    std::shared_ptr<const void> owner;
};

/// Uses the source in place where its owner keeps it alive, and copies it otherwise.
[[nodiscard]] Expected<Weight> packHost(const WeightSource& source);

/// The first byte of the matrix of one expert.
[[nodiscard]] const std::byte* matrixOf(const Weight& weight, std::int64_t expert = 0);

} // namespace lapidary::kernels
