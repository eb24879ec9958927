#include "cli/commands.h"
#include "cli/device_option.h"
#include "cli/inspection.h"
#include "cli/inspection_json.h"
#include "cli/inspection_text.h"
#include "cli/model_folder.h"

#include <kernels/device.h>

#include <array>
#include <optional>
#include <print>

namespace lapidary::cli {

namespace {

constexpr std::array kOptions = {
    kModelOption,
    Option{.name = kDeviceOption.name,
           .value = kDeviceOption.value,
           .help = "plan for cpu, cuda:0, …; cpu without"},
    Option{.name = "--all", .value = "", .help = "every tensor, not one line for all layers"},
    Option{.name = "--json", .value = "", .help = "everything, for programs"},
};

Expected<ExitCode> run(const Arguments& arguments) {
    if (arguments.operands().size() > 1)
        return fail(ErrorKind::Unsupported, "inspect takes one folder; --help tells more.");
    const std::filesystem::path folder = arguments.operands().empty()
                                             ? modelFolder(arguments)
                                             : std::filesystem::path(arguments.operands().front());
    const auto device =
        kernels::describeDevice(arguments.value(kDeviceOption.name).value_or("cpu"));
    if (!device)
        return std::unexpected(device.error());
    const Expected<Inspection> inspection = Inspection::make(folder, *device);
    if (!inspection)
        return std::unexpected(inspection.error());
    if (arguments.has("--json"))
        std::println("{}", inspectionJson(*inspection));
    else
        std::print("{}",
                   inspectionText(*inspection, arguments.has("--all") ? TensorLines::All
                                                                      : TensorLines::Grouped));
    // Absent tensor files are fine; anything else that keeps the model from running is not.
    const std::optional<Error>& problem = inspection->problem;
    if (problem && problem->kind != ErrorKind::NotFound)
        return std::unexpected(*problem);
    return ExitCode::Done;
}

} // namespace

constinit const Command kInspect = {
    .name = "inspect",
    .summary = "Shows what a model's folder holds and what memory it takes",
    .operands = "[DIR]",
    .help = "Reads the configuration and the headers of the tensor files, no weights. Names the\n"
            "variant and its parts, checks that the tensors are those the configuration implies,\n"
            "and plans the memory for contexts of 8k to 256k and the model's longest, in each\n"
            "cache format of the device. Works from config.json alone, too, when the tensor files "
            "are not there.",
    .options = kOptions,
    .run = run,
};

} // namespace lapidary::cli
