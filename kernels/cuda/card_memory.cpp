#include "cuda/card_memory.h"

#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <array>
#include <optional>

namespace lapidary::kernels::cuda {

namespace {

/// The four calls of NVML that are needed, found at run time: the library comes with the driver.
/// Names and types are those of NVIDIA's nvml.h, whose ABI they are part of.
class ManagementLibrary {
public:
    ManagementLibrary() {
        void* const library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr)
            return;
        // Never closed: it is asked until the process ends.
        const auto find = [&](auto& function, const char* name) {
            function =
                reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
            return function != nullptr;
        };
        int (*begin)() = nullptr;
        ready_ = find(begin, "nvmlInit_v2")
                 && find(handleByBus_, "nvmlDeviceGetHandleByPciBusId_v2")
                 && find(memoryInfo_, "nvmlDeviceGetMemoryInfo") && begin() == kSuccess;
    }

    [[nodiscard]] std::optional<CardMemory> memoryAt(const char* bus) const {
        Handle handle = nullptr;
        Memory memory{};
        if (!ready_ || handleByBus_(bus, &handle) != kSuccess
            || memoryInfo_(handle, &memory) != kSuccess)
            return std::nullopt;
        return CardMemory{.totalBytes = memory.total, .freeBytes = memory.free};
    }

private:
    static constexpr int kSuccess = 0;
    using Handle = void*;
    struct Memory {
        unsigned long long total;
        unsigned long long free;
        unsigned long long used;
    };

    bool ready_ = false;
    int (*handleByBus_)(const char*, Handle*) = nullptr;
    int (*memoryInfo_)(Handle, Memory*) = nullptr;
};

std::optional<CardMemory> askManagement(int device, std::size_t totalBytes) {
    static const ManagementLibrary library;
    std::array<char, 32> bus{};
    if (cudaDeviceGetPCIBusId(bus.data(), static_cast<int>(bus.size()), device) != cudaSuccess)
        return std::nullopt;
    const std::optional<CardMemory> memory = library.memoryAt(bus.data());
    // What the driver keeps for itself is some percent; a slice of a card is at most half of it.
    if (!memory || totalBytes < memory->totalBytes / 4 * 3)
        return std::nullopt;
    return CardMemory{.totalBytes = totalBytes,
                      .freeBytes = memory->freeBytes < totalBytes ? memory->freeBytes : totalBytes};
}

CardMemory askRuntime(int device, std::size_t totalBytes) {
    int before = device;
    cudaGetDevice(&before);
    CardMemory memory{.totalBytes = totalBytes, .freeBytes = 0};
    std::size_t total = 0;
    if (cudaSetDevice(device) != cudaSuccess
        || cudaMemGetInfo(&memory.freeBytes, &total) != cudaSuccess)
        memory.freeBytes = 0;
    if (before != device)
        cudaSetDevice(before);
    cudaGetLastError();
    return memory;
}

} // namespace

CardMemory memoryOf(int device, std::size_t totalBytes) {
    const std::optional<CardMemory> memory = askManagement(device, totalBytes);
    return memory ? *memory : askRuntime(device, totalBytes);
}

} // namespace lapidary::kernels::cuda
