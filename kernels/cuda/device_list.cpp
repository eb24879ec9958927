#include "cuda/device_list.h"

#include <cuda_runtime_api.h>

#include <format>

namespace lapidary::kernels::cuda {

std::vector<DeviceDescription> listCards() {
    std::vector<DeviceDescription> cards;
    int count = 0;
    if (cudaGetDeviceCount(&count) != cudaSuccess) {
        cudaGetLastError(); // no driver is no error of ours
        return cards;
    }
    for (int device = 0; device < count; ++device) {
        cudaDeviceProp properties{};
        if (cudaGetDeviceProperties(&properties, device) != cudaSuccess || properties.major < 8)
            continue;
        DeviceDescription card;
        card.id = std::format("cuda:{}", device);
        card.name = properties.name;
        card.index = device;
        if (cudaSetDevice(device) == cudaSuccess)
            cudaMemGetInfo(&card.freeBytes, &card.totalBytes);
        cards.push_back(std::move(card));
    }
    return cards;
}

} // namespace lapidary::kernels::cuda
