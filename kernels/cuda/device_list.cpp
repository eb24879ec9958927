#include "cuda/device_list.h"

#include "cuda/card_memory.h"
#include "cuda/cublas_lt.h"
#include "nvidia_cards.h"

#include <cuda_runtime_api.h>

#include <format>

namespace lapidary::kernels::cuda {

namespace {

/// The oldest driver that runs programs of this toolkit's major version.
constexpr int kNeededDriver = CUDART_VERSION >= 13000 ? 580 : 525;

std::string remedy() {
    return std::format("Install NVIDIA's driver {} or newer and start Lapidary again.",
                       kNeededDriver);
}

/// Why the driver lists no cards; "" where there are none to list.
std::string whyNoCards(cudaError_t result) {
    int driver = 0; // 1000 · major + 10 · minor of CUDA; 0: there is none
    cudaDriverGetVersion(&driver);
    if (driver == 0)
        return nvidiaCards() == 0
                   ? std::string{}
                   : "This computer has an NVIDIA card without its driver. " + remedy();
    if (result == cudaErrorInsufficientDriver)
        return std::format("The driver of the NVIDIA card knows CUDA {}.{}, and Lapidary uses "
                           "{}.{}. {}",
                           driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000,
                           CUDART_VERSION % 1000 / 10, remedy());
    if (result == cudaErrorNoDevice)
        return nvidiaCards() == 0
                   ? std::string{}
                   : "NVIDIA's driver offers no card to this program. Check that "
                     "CUDA_VISIBLE_DEVICES names one and that /dev/nvidia0 may be opened.";
    return std::format("NVIDIA's driver could not be asked for its cards ({}). Restart the "
                       "computer, or install the driver again.",
                       cudaGetErrorString(result));
}

} // namespace

CardSurvey surveyCards() {
    CardSurvey survey;
    int count = 0;
    if (const cudaError_t result = cudaGetDeviceCount(&count); result != cudaSuccess) {
        cudaGetLastError(); // it is told here, and is not the next call's
        if (std::string reason = whyNoCards(result); !reason.empty())
            survey.missing.push_back(std::move(reason));
        return survey;
    }
    for (int device = 0; device < count; ++device) {
        cudaDeviceProp properties{};
        if (const cudaError_t result = cudaGetDeviceProperties(&properties, device);
            result != cudaSuccess) {
            cudaGetLastError();
            survey.missing.push_back(
                std::format("Card {} does not answer ({}). Restart the computer to use it.", device,
                            cudaGetErrorString(result)));
            continue;
        }
        if (properties.major < 8) {
            survey.missing.push_back(
                std::format("{} has compute capability {}.{}, and Lapidary's kernels begin at 8.0: "
                            "they run on an RTX 30 or newer.",
                            properties.name, properties.major, properties.minor));
            continue;
        }
        const CardMemory memory = memoryOf(device, properties.totalGlobalMem);
        survey.cards.push_back({.id = std::format("cuda:{}", device),
                                .name = properties.name,
                                .totalBytes = memory.totalBytes,
                                .freeBytes = memory.freeBytes,
                                .index = device});
    }
    if (survey.cards.empty())
        return survey;
    if (const Expected<CublasLt>& library = CublasLt::find(); !library) {
        survey.cards.clear();
        survey.missing.push_back(library.error().sentence);
    }
    return survey;
}

} // namespace lapidary::kernels::cuda
