#pragma once

#include "error.h"

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

/// The devices of this machine, best first: the cards in the driver's order, which puts the fastest
/// first, then the CPU, which is always there. Without a driver the CPU alone.
[[nodiscard]] std::vector<DeviceDescription> listDevices();

/// One of them. NotFound, naming those that are there, and why a card is not.
[[nodiscard]] Expected<DeviceDescription> describeDevice(const std::string& id);

/// Opens a device and closes it again, so that what a process pays once for it, on cards some
/// hundred milliseconds of the driver, is paid before it is needed. Errors as openDevice.
[[nodiscard]] Expected<void> prepareDevice(const std::string& id);

/// Why cards of this machine are not among its devices, one sentence each, with the remedy: the
/// driver is missing or too old, a card is older than what the kernels are written for. Empty where
/// there is no such card.
[[nodiscard]] std::vector<std::string> missingCards();

} // namespace lapidary::kernels
