#include "cli/bench/roofline.h"
#include "cli/commands.h"
#include "cli/device_option.h"
#include "cli/selftest/operations.h"

#include <kernels/backend.h>
#include <kernels/device.h>

#include <array>
#include <cstdio>
#include <format>
#include <print>
#include <string>

namespace lapidary::cli {

namespace {

constexpr std::array kOptions = {
    Option{.name = kDeviceOption.name,
           .value = kDeviceOption.value,
           .help = "cpu, cuda:0, …; without, the best"},
};

Expected<kernels::DeviceDescription> testedDevice(const Arguments& arguments) {
    if (const auto chosen = arguments.value(kDeviceOption.name))
        return kernels::describeDevice(*chosen);
    return kernels::listDevices().front(); // the processor is always there
}

/// How many operations differ by more than they may.
Expected<int> compareAll(kernels::Backend& oracle, kernels::Backend& device) {
    int wrong = 0;
    for (const Operation& operation : operations()) {
        Comparison comparison(oracle, device);
        operation.run(comparison);
        const auto difference = comparison.largestDifference();
        if (!difference)
            return std::unexpected(difference.error());
        const bool agrees = *difference <= operation.tolerance; // not of NaN
        wrong += agrees ? 0 : 1;
        std::println("{:<16}  largest difference {:.2e} of {:.0e}  {}", operation.name, *difference,
                     operation.tolerance, agrees ? "agrees" : "DIFFERS");
        std::fflush(stdout);
    }
    return wrong;
}

void print(const Roofline& roofline) {
    std::println("memory            {:.0f} GB/s read{}", roofline.memory.read / 1e9,
                 roofline.memory.copy > 0
                     ? std::format(", {:.0f} copied, {:.1f} from the host",
                                   roofline.memory.copy / 1e9, roofline.memory.host / 1e9)
                     : std::string());
    std::println("large products    {:.1f} TFLOP/s in bf16{}", roofline.bf16Flops / 1e12,
                 roofline.fp8Flops > 0 ? std::format(", {:.1f} in fp8", roofline.fp8Flops / 1e12)
                                       : std::string());
}

Expected<ExitCode> run(const Arguments& arguments) {
    if (!arguments.operands().empty())
        return fail(ErrorKind::Unsupported, "selftest takes no operands; --help tells more.");
    const auto tested = testedDevice(arguments);
    if (!tested)
        return std::unexpected(tested.error());
    // A processor is compared with one thread of itself.
    const auto oracle = kernels::openDevice("cpu", tested->id == "cpu" ? 1 : 0);
    const auto device = kernels::openDevice(tested->id);
    for (const auto* opened : {&oracle, &device})
        if (!*opened)
            return std::unexpected(opened->error());
    std::println("{}, {}", tested->id, tested->name);
    const auto wrong = compareAll(**oracle, **device);
    if (!wrong)
        return std::unexpected(wrong.error());
    const auto roofline = measureRoofline(tested->id, 0);
    if (!roofline)
        return std::unexpected(roofline.error());
    print(*roofline);
    if (*wrong > 0)
        return fail(ErrorKind::DeviceLost,
                    std::format("{} of {} operations are wrong on {}: update its driver, or choose "
                                "another device.",
                                *wrong, operations().size(), tested->name));
    std::println("{} computes as it should.", tested->name);
    return ExitCode::Done;
}

} // namespace

constinit const Command kSelftest = {
    .name = "selftest",
    .summary = "Checks that a device computes as it should",
    .operands = "",
    .help =
        "Does every operation of the engine with random numbers on the device and on the\n"
        "processor, in a few shapes each, and prints the largest difference, as a part of the\n"
        "largest number of its row, beside what rounding may make of it. Then what the memory and\n"
        "the arithmetic of the device give at best. Takes a minute and no model. Exits with 1\n"
        "when an operation differs.",
    .options = kOptions,
    .run = run,
};

} // namespace lapidary::cli
