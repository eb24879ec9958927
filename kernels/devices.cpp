#include "backend.h"
#include "cpu/cpu_backend.h"
#include "cpu/processor.h"
#include "device.h"

#ifdef LAPIDARY_CUDA
#include "cuda/cuda_backend.h"
#include "cuda/device_list.h"
#else
#include "nvidia_cards.h"
#endif

#include <format>
#include <string>
#include <utility>

namespace lapidary::kernels {

std::vector<DeviceDescription> listDevices() {
    std::vector<DeviceDescription> devices;
#ifdef LAPIDARY_CUDA
    devices = cuda::surveyCards().cards;
#endif
    devices.push_back(describeCpu(physicalCores()));
    return devices;
}

std::vector<std::string> missingCards() {
#ifdef LAPIDARY_CUDA
    return cuda::surveyCards().missing;
#else
    if (nvidiaCards() == 0)
        return {};
    return {"This computer has an NVIDIA card, and this program was built without kernels for it. "
            "Install a build with CUDA to use it."};
#endif
}

Expected<DeviceDescription> describeDevice(const std::string& id) {
    std::string known;
    for (const DeviceDescription& device : listDevices()) {
        if (device.id == id)
            return device;
        known += std::format("{}“{}”", known.empty() ? "" : ", ", device.id);
    }
    std::string sentence =
        std::format("This computer has no device named “{}”. Choose one of {}.", id, known);
    for (const std::string& reason : missingCards())
        sentence += " " + reason;
    return fail(ErrorKind::NotFound, std::move(sentence));
}

Expected<std::unique_ptr<Backend>> openDevice(const std::string& id, int threads) {
    if (id == "cpu")
        return std::make_unique<CpuBackend>(threads);
    const Expected<DeviceDescription> device = describeDevice(id);
    if (!device)
        return std::unexpected(device.error());
#ifdef LAPIDARY_CUDA
    return cuda::CudaBackend::open(device->index);
#else
    std::unreachable(); // without cards the processor is the only device that is described
#endif
}

Expected<void> prepareDevice(const std::string& id) {
    const auto backend = openDevice(id);
    return backend ? Expected<void>() : std::unexpected(backend.error());
}

} // namespace lapidary::kernels
