#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lapidary::kernels {

/// Where a backend computes.
struct DeviceDescription {
    std::string id;   ///< "cpu", "cuda:0"
    std::string name; ///< for people, e.g. "AMD Ryzen 9 5950X, 16 threads"
    std::size_t totalBytes = 0;
    std::size_t freeBytes = 0;
    int index = 0; ///< among the devices of its kind, as the driver counts
};

/// The devices of this machine, best first; the CPU is always there, last.
[[nodiscard]] std::vector<DeviceDescription> listDevices();

} // namespace lapidary::kernels
