#include "backend.h"
#include "cpu/cpu_backend.h"
#include "cpu/processor.h"
#include "device.h"

#ifdef LAPIDARY_CUDA
#include "cuda/cuda_backend.h"
#include "cuda/device_list.h"
#endif

#include <format>

namespace lapidary::kernels {

std::vector<DeviceDescription> listDevices() {
    return {describeCpu(physicalCores())};
}

Expected<std::unique_ptr<Backend>> openDevice(const std::string& id, int threads) {
    if (id == "cpu")
        return std::make_unique<CpuBackend>(threads);
#ifdef LAPIDARY_CUDA
    for (const DeviceDescription& card : cuda::listCards())
        if (card.id == id)
            return cuda::CudaBackend::open(card.index);
#endif
    std::string known;
    for (const DeviceDescription& device : listDevices())
        known += std::format("{}“{}”", known.empty() ? "" : ", ", device.id);
    return fail(
        ErrorKind::NotFound,
        std::format("This computer has no device named “{}”. Choose one of {}.", id, known));
}

} // namespace lapidary::kernels
