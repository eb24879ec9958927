#pragma once

#include "device.h"

#include <string>
#include <vector>

namespace lapidary::kernels::cuda {

/// The cards of this machine.
struct CardSurvey {
    std::vector<DeviceDescription> cards; ///< that Lapidary can use, in the driver's order
    std::vector<std::string> missing;     ///< why others are not among them, with the remedy
};

/// Looks at the cards without opening them, where the driver's management library tells what is
/// free; the device that the calling thread computes on stays what it was. Any thread.
[[nodiscard]] CardSurvey surveyCards();

} // namespace lapidary::kernels::cuda
