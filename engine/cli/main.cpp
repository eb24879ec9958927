#include "cli/command.h"
#include "cli/help.h"

#include <algorithm>
#include <cstdio>
#include <print>
#include <vector>

namespace lapidary::cli {

namespace {

int numberOf(ExitCode code) {
    return static_cast<int>(code);
}

int failWith(const Error& error) {
    std::println(stderr, "lapidary-cli: {}", error.sentence);
    switch (error.kind) {
    case ErrorKind::DoesNotFit:
        return numberOf(ExitCode::DoesNotFit);
    case ErrorKind::Cancelled:
        return numberOf(ExitCode::Cancelled);
    default:
        return numberOf(ExitCode::Failed);
    }
}

int misuse(std::string_view sentence, std::string_view help) {
    std::println(stderr, "lapidary-cli: {}", sentence);
    std::println(stderr, "{} tells more.", help);
    return numberOf(ExitCode::Usage);
}

int runProgram(std::span<const std::string_view> arguments) {
    if (arguments.empty() || arguments.front() == "--help" || arguments.front() == "help") {
        std::print("{}", programHelp());
        return numberOf(arguments.empty() ? ExitCode::Usage : ExitCode::Done);
    }
    if (arguments.front() == "--version") {
        std::println("lapidary-cli {}", LAPIDARY_VERSION);
        return numberOf(ExitCode::Done);
    }
    const auto all = commands();
    const auto found = std::ranges::find(all, arguments.front(), &Command::name);
    if (found == all.end())
        return misuse(std::format("There is no command {}.", arguments.front()),
                      "lapidary-cli --help");
    const Command& command = **found;
    const auto own = arguments.subspan(1);
    const auto options = own.first(
        static_cast<std::size_t>(std::ranges::find(own, std::string_view("--")) - own.begin()));
    if (std::ranges::contains(options, std::string_view("--help"))) {
        std::print("{}", commandHelp(command));
        return numberOf(ExitCode::Done);
    }
    const Expected<Arguments> parsed = Arguments::parse(command.options, own);
    if (!parsed)
        return misuse(parsed.error().sentence, std::format("lapidary-cli {} --help", command.name));
    const Expected<ExitCode> code = command.run(*parsed);
    return code ? numberOf(*code) : failWith(code.error());
}

} // namespace

} // namespace lapidary::cli

int main(int argc, char** argv) {
    const std::vector<std::string_view> arguments(argv + std::min(argc, 1), argv + argc);
    return lapidary::cli::runProgram(arguments);
}
