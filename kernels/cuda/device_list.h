#pragma once

#include "device.h"

#include <vector>

namespace lapidary::kernels::cuda {

/// The cards that Lapidary can use, in the driver's order; none without a driver.
[[nodiscard]] std::vector<DeviceDescription> listCards();

} // namespace lapidary::kernels::cuda
