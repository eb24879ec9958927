#pragma once

#include "cli/command.h"

#include <string>

namespace lapidary::cli {

/// What `lapidary-cli --help` prints: the commands and the exit codes.
[[nodiscard]] std::string programHelp();

/// What `lapidary-cli NAME --help` prints: usage, what it does, its options.
[[nodiscard]] std::string commandHelp(const Command& command);

} // namespace lapidary::cli
