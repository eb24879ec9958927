#pragma once

#include "checkpoint/checkpoint.h"
#include "cli/arguments.h"

namespace lapidary::cli {

inline constexpr Option kSyntheticOption = {
    .name = "--synthetic",
    .value = "SIZE",
    .help = "random weights for 12b, 31b, 26b-a4b, e4b, e2b or a config.json"};

/// The model of --synthetic or --model. Errors as Checkpoint::open; NotFound for a size that is
/// none.
[[nodiscard]] Expected<engine::Checkpoint> openSource(const Arguments& arguments);

} // namespace lapidary::cli
