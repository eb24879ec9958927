#include "backend.h"
#include "cpu/cpu_backend.h"
#include "cpu/processor.h"
#include "device.h"

#include <format>

namespace lapidary::kernels {

std::vector<DeviceDescription> listDevices() {
    return {describeCpu(physicalCores())};
}

Expected<std::unique_ptr<Backend>> openDevice(const std::string& id, int threads) {
    if (id == "cpu")
        return std::make_unique<CpuBackend>(threads);
    return fail(ErrorKind::NotFound,
                std::format("This computer has no device named “{}”. Choose “cpu”.", id));
}

} // namespace lapidary::kernels
