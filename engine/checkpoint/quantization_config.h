#pragma once

#include <string>

namespace lapidary::engine {

class Fields;

/// What quantization_config of a config.json says (formats.md 4.1, 5.1). The tensors decide what is
/// read; this tells what they cannot: whether inputs are quantised, and what nothing here computes.
struct QuantizationConfig {
    std::string method;          ///< quant_method; "": none
    std::string unread;          ///< what stands against reading it, for people; "": nothing known
    bool quantisedInput = false; ///< of compressed-tensors: activations per token
};

/// Errors go to the fields.
[[nodiscard]] QuantizationConfig readQuantizationConfig(Fields& fields);

} // namespace lapidary::engine
