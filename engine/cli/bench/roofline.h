#pragma once

#include <kernels/bandwidth.h>
#include <kernels/error.h>

#include <string>

namespace lapidary::cli {

/// What the device gives at best, measured in this run.
struct Roofline {
    kernels::Bandwidth memory;
    double bf16Flops = 0; ///< of a product of large matrices, a second
    double fp8Flops = 0;  ///< 0: the device has none
};

/// Takes some seconds; before the model is loaded, while there is room. Errors as measureBandwidth.
[[nodiscard]] Expected<Roofline> measureRoofline(const std::string& device, int threads);

} // namespace lapidary::cli
