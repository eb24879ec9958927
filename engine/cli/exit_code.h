#pragma once

namespace lapidary::cli {

/// What lapidary-cli tells the shell; `--help` lists them.
enum class ExitCode : int {
    Done = 0,
    Failed = 1,      ///< one sentence on the error output says why
    Usage = 2,       ///< the arguments make no sense
    DoesNotFit = 3,  ///< more memory or context is needed than there is
    Cancelled = 130, ///< interrupted, as shells count it
};

} // namespace lapidary::cli
