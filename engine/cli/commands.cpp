#include "cli/commands.h"

#include <array>

namespace lapidary::cli {

std::span<const Command* const> commands() {
    static constexpr std::array kCommands = {
        &kChat, &kInspect, &kEval, &kBench, &kQuantize, &kDevices, &kSelftest,
    };
    return kCommands;
}

} // namespace lapidary::cli
