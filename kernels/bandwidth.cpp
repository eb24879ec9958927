#include "bandwidth.h"

#include "cpu/read_bandwidth.h"
#include "device.h"

#ifdef LAPIDARY_CUDA
#include "cuda/card_bandwidth.h"
#endif

#include <utility>

namespace lapidary::kernels {

Expected<Bandwidth> measureBandwidth(const std::string& device, int threads) {
    if (device == "cpu")
        return Bandwidth{.read = readBandwidth(threads)};
    const Expected<DeviceDescription> card = describeDevice(device);
    if (!card)
        return std::unexpected(card.error());
#ifdef LAPIDARY_CUDA
    return cuda::cardBandwidth(card->index, card->freeBytes);
#else
    std::unreachable(); // without cards the processor is the only device that is described
#endif
}

} // namespace lapidary::kernels
