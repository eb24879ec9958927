#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/quantized_folder.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <print>

namespace lapidary::cli {

namespace {

constexpr std::array kOptions = {
    Option{.name = "--format", .value = "FORMAT", .help = "fp8: 8 bits a weight, one scale a row"},
};

Expected<ExitCode> run(const Arguments& arguments) {
    if (arguments.value("--format") != "fp8" || arguments.operands().size() != 2)
        return fail(ErrorKind::Unsupported,
                    "quantize needs --format fp8, the model's folder and a new one; --help tells "
                    "more.");
    const auto checkpoint = engine::Checkpoint::open(arguments.operands()[0]);
    if (!checkpoint)
        return std::unexpected(checkpoint.error());
    const Interrupt interrupt;
    const bool watched = isatty(STDERR_FILENO) != 0;
    const auto written = writeQuantized(
        *checkpoint, arguments.operands()[1], [&](std::size_t doneBytes, std::size_t totalBytes) {
            if (watched)
                std::print(stderr, "\r{:3} %", 100 * doneBytes / totalBytes);
            return !Interrupt::requested();
        });
    if (watched)
        std::print(stderr, "\r     \r");
    if (!written)
        return std::unexpected(written.error());
    return ExitCode::Done;
}

} // namespace

constinit const Command kQuantize = {
    .name = "quantize",
    .summary = "Writes a copy of a model with its weights in FP8",
    .operands = "IN OUT",
    .help = "Reads the model in IN and writes OUT, a new folder of about half the size: the\n"
            "linears of the language model become FP8, as torchao stores them; embeddings,\n"
            "routers, norms and what belongs to images stay what they are. Nothing is left\n"
            "behind when it fails or is interrupted.",
    .options = kOptions,
    .run = run,
};

} // namespace lapidary::cli
