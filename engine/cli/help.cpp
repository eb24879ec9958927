#include "cli/help.h"

#include <algorithm>
#include <format>

namespace lapidary::cli {

namespace {

std::string left(const Option& option) {
    return option.value.empty() ? std::string(option.name)
                                : std::format("{} {}", option.name, option.value);
}

} // namespace

std::string programHelp() {
    std::string text = "lapidary-cli runs Gemma 4 models in the terminal.\n\n"
                       "  lapidary-cli COMMAND [ARGUMENT]...\n"
                       "  lapidary-cli COMMAND --help\n\nCommands:\n";
    for (const Command* const command : commands())
        text += std::format("  {:<10}{}\n", command->name, command->summary);
    text += "\nOptions:\n"
            "  --help     this text\n"
            "  --version  the version of the program\n\n"
            "Exit codes:\n"
            "  0    done\n"
            "  1    it failed; one sentence on the error output says why and what helps\n"
            "  2    the arguments make no sense\n"
            "  3    the model or the prompt does not fit into memory or context\n"
            "  130  interrupted\n";
    return text;
}

std::string commandHelp(const Command& command) {
    const std::string operands =
        command.operands.empty() ? "" : std::format(" {}", command.operands);
    std::string text = std::format("{}.\n\n  lapidary-cli {} [OPTION]...{}\n\n{}\n",
                                   command.summary, command.name, operands, command.help);
    std::size_t width = left({.name = "--help", .value = {}, .help = {}}).size();
    for (const Option& option : command.options)
        width = std::max(width, left(option).size());
    text += "\nOptions:\n";
    for (const Option& option : command.options)
        text += std::format("  {:<{}}  {}\n", left(option), width, option.help);
    text += std::format("  {:<{}}  this text\n", "--help", width);
    return text;
}

} // namespace lapidary::cli
