#pragma once

#include "cli/inspection.h"

#include <string>

namespace lapidary::cli {

/// What `inspect --json` prints: one object. Bytes and counts are numbers.
[[nodiscard]] std::string inspectionJson(const Inspection& inspection);

} // namespace lapidary::cli
