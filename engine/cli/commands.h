#pragma once

#include "cli/command.h"

namespace lapidary::cli {

extern const Command kBench;
extern const Command kChat;
extern const Command kDevices;
extern const Command kEval;
extern const Command kInspect;
extern const Command kQuantize;
extern const Command kSelftest;

} // namespace lapidary::cli
