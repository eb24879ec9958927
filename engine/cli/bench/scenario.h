#pragma once

#include <kernels/error.h>

#include <cstdint>
#include <string>
#include <vector>

namespace lapidary::cli {

/// One thing that `bench` measures.
struct Scenario {
    enum class Kind : std::uint8_t {
        Load,       ///< bytes a second from the files, or from random memory, to the device
        FirstToken, ///< from a prompt of 30 tokens to the first of the answer
        Prefill,    ///< of a prompt of `tokens`
        Decode,     ///< token by token in a context that holds `tokens`
        Verify,     ///< steps of 1, 2, 4, 8 and 16 rows in a context that holds `tokens`
        Memory,     ///< what a context of `tokens` takes, beside its plan
    };
    Kind kind = Kind::Decode;
    int tokens = 0;
    std::string name; ///< "decode-32k", as it was asked for
};

/// "decode-1k,verify,prefill-300": kinds with a context length, k for 1024; verify alone is in a
/// context of 1k, memory in one of 4k, ttft and load have none. Unsupported, naming what is none.
[[nodiscard]] Expected<std::vector<Scenario>> readScenarios(const std::string& text);

} // namespace lapidary::cli
