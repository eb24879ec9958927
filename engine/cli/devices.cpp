#include "cli/commands.h"
#include "memory/size_text.h"

#include <kernels/device.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <print>
#include <string>
#include <vector>

namespace lapidary::cli {

namespace {

constexpr std::array kOptions = {
    Option{.name = "--json", .value = "", .help = "the list for programs"},
};

void printTable(const std::vector<kernels::DeviceDescription>& devices,
                const std::vector<std::string>& missing) {
    std::size_t width = 0;
    for (const kernels::DeviceDescription& device : devices)
        width = std::max(width, device.name.size());
    for (const kernels::DeviceDescription& device : devices)
        std::println("{:<8} {:<{}}  {:>9} free of {}", device.id, device.name, width,
                     engine::sizeForPeople(device.freeBytes),
                     engine::sizeForPeople(device.totalBytes));
    for (const std::string& reason : missing)
        std::println("\n{}", reason);
}

void printJson(const std::vector<kernels::DeviceDescription>& devices,
               const std::vector<std::string>& missing) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const kernels::DeviceDescription& device : devices)
        list.push_back({{"id", device.id},
                        {"name", device.name},
                        {"totalBytes", device.totalBytes},
                        {"freeBytes", device.freeBytes}});
    const nlohmann::ordered_json all = {{"devices", std::move(list)}, {"missing", missing}};
    std::println("{}", all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

Expected<ExitCode> run(const Arguments& arguments) {
    if (!arguments.operands().empty())
        return fail(ErrorKind::Unsupported, "devices takes no operands; --help tells more.");
    const auto devices = kernels::listDevices();
    const auto missing = kernels::missingCards();
    arguments.has("--json") ? printJson(devices, missing) : printTable(devices, missing);
    return ExitCode::Done;
}

} // namespace

constinit const Command kDevices = {
    .name = "devices",
    .summary = "Lists what models can run on",
    .operands = "",
    .help =
        "Names the devices of this machine with their memory, best first; the first that a model\n"
        "fits is the one that commands take without --device. Below them stands why a card\n"
        "that is in this machine is not among them, and what would help.",
    .options = kOptions,
    .run = run,
};

} // namespace lapidary::cli
