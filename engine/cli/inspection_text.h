#pragma once

#include "cli/inspection.h"

#include <cstdint>
#include <string>

namespace lapidary::cli {

/// Whether tensors of all layers are one line each, or one line for all layers that are alike.
enum class TensorLines : std::uint8_t { Grouped, All };

/// What `inspect` prints for people.
[[nodiscard]] std::string inspectionText(const Inspection& inspection, TensorLines lines);

} // namespace lapidary::cli
