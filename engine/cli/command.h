#pragma once

#include "cli/arguments.h"
#include "cli/exit_code.h"

#include <span>
#include <string_view>

namespace lapidary::cli {

/// One command of lapidary-cli, in a file of its own and a line in the table of commands.cpp. The
/// frame parses the arguments, answers --help and turns an error into a sentence and an exit code.
struct Command {
    std::string_view name;     ///< "inspect"
    std::string_view summary;  ///< one line for the list of commands
    std::string_view operands; ///< of the usage line, "[DIR]"
    std::string_view help;     ///< paragraphs below the usage line
    std::span<const Option> options;
    Expected<ExitCode> (*run)(const Arguments& arguments);
};

/// All commands, in the order of the help.
[[nodiscard]] std::span<const Command* const> commands();

} // namespace lapidary::cli
