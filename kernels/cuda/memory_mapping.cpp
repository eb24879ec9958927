#include "cuda/memory_mapping.h"

#include "assert.h"

#include <cuda_runtime_api.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace lapidary::kernels::cuda {

namespace {

/// The version of CUDA that brought these calls, in the form in which they are called here.
constexpr unsigned kSince = 10020;

template <class Function>
bool find(Function& function, const char* name) {
    void* address = nullptr;
    cudaDriverEntryPointQueryResult found{};
    if (cudaGetDriverEntryPointByVersion(name, &address, kSince, cudaEnableDefault, &found)
            != cudaSuccess
        || found != cudaDriverEntryPointSuccess) {
        cudaGetLastError();
        return false;
    }
    function = reinterpret_cast<Function>(address);
    return function != nullptr;
}

std::optional<MappingCalls> findCalls() {
    MappingCalls calls;
    const bool all = find(calls.reserve, "cuMemAddressReserve")
                     && find(calls.freeAddresses, "cuMemAddressFree")
                     && find(calls.create, "cuMemCreate") && find(calls.release, "cuMemRelease")
                     && find(calls.map, "cuMemMap") && find(calls.unmap, "cuMemUnmap")
                     && find(calls.setAccess, "cuMemSetAccess")
                     && find(calls.granularity, "cuMemGetAllocationGranularity");
    return all ? std::optional(calls) : std::nullopt;
}

bool cardMaps(int device) {
    decltype(&cuDeviceGet) deviceOf = nullptr;
    decltype(&cuDeviceGetAttribute) attributeOf = nullptr;
    CUdevice handle = 0;
    int maps = 0;
    return find(deviceOf, "cuDeviceGet") && find(attributeOf, "cuDeviceGetAttribute")
           && deviceOf(&handle, device) == CUDA_SUCCESS
           && attributeOf(&maps, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, handle)
                  == CUDA_SUCCESS
           && maps != 0;
}

CUmemAllocationProp memoryOfCard(int device) {
    CUmemAllocationProp properties{};
    properties.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    properties.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    properties.location.id = device;
    return properties;
}

std::unexpected<Error> failed(CUresult result) {
    // The runtime's numbers are the driver's.
    return std::unexpected(describe(static_cast<cudaError_t>(result), "mapping memory"));
}

class MappedMemory final : public GrowingMemory {
public:
    MappedMemory(const MappingCalls& calls, int device, CUdeviceptr begin, std::size_t reserved,
                 std::size_t granule)
        : calls_(calls), device_(device), begin_(begin), reserved_(reserved), granule_(granule) {}

    ~MappedMemory() override {
        // Unmapping waits for nobody, and what is queued may still use it.
        cudaSetDevice(device_);
        cudaDeviceSynchronize();
        std::size_t offset = 0;
        for (const std::size_t piece : pieces_) {
            calls_.unmap(begin_ + offset, piece);
            offset += piece;
        }
        calls_.freeAddresses(begin_, reserved_);
    }

    [[nodiscard]] void* data() const override {
        // The driver gives addresses as numbers. NOLINTNEXTLINE(performance-no-int-to-ptr)
        return reinterpret_cast<void*>(static_cast<std::uintptr_t>(begin_));
    }
    [[nodiscard]] std::size_t bytes() const override { return mapped_; }

    [[nodiscard]] Expected<void> grow(std::size_t bytes) override {
        LAPIDARY_ASSERT(bytes <= reserved_);
        if (bytes <= mapped_)
            return {};
        const std::size_t more = (bytes - mapped_ + granule_ - 1) / granule_ * granule_;
        const CUmemAllocationProp properties = memoryOfCard(device_);
        CUmemGenericAllocationHandle piece = 0;
        if (const CUresult made = calls_.create(&piece, more, &properties, 0); made != CUDA_SUCCESS)
            return failed(made);
        const CUresult mapped = calls_.map(begin_ + mapped_, more, 0, piece, 0);
        calls_.release(piece); // from here on the mapping alone keeps it
        if (mapped != CUDA_SUCCESS)
            return failed(mapped);
        const CUmemAccessDesc access{.location = properties.location,
                                     .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
        if (const CUresult opened = calls_.setAccess(begin_ + mapped_, more, &access, 1);
            opened != CUDA_SUCCESS) {
            calls_.unmap(begin_ + mapped_, more);
            return failed(opened);
        }
        pieces_.push_back(more);
        mapped_ += more;
        return {};
    }

private:
    MappingCalls calls_;
    int device_;
    CUdeviceptr begin_;
    std::size_t reserved_;
    std::size_t granule_;
    std::size_t mapped_ = 0;
    std::vector<std::size_t> pieces_; // one after the other; each is unmapped as it was mapped
};

/// Memory that is there from the beginning.
class WholeMemory final : public GrowingMemory {
public:
    explicit WholeMemory(Buffer buffer) : buffer_(std::move(buffer)) {}
    [[nodiscard]] void* data() const override { return buffer_.memory.get(); }
    [[nodiscard]] std::size_t bytes() const override { return buffer_.bytes; }
    [[nodiscard]] Expected<void> grow(std::size_t bytes) override {
        LAPIDARY_ASSERT(bytes <= buffer_.bytes);
        return {};
    }

private:
    Buffer buffer_;
};

} // namespace

const MappingCalls* MappingCalls::of(int device) {
    static const std::optional<MappingCalls> calls = findCalls();
    return calls && cardMaps(device) ? &*calls : nullptr;
}

std::unique_ptr<GrowingMemory> mapOnCard(const MappingCalls& calls, int device,
                                         std::size_t mostBytes) {
    const CUmemAllocationProp properties = memoryOfCard(device);
    std::size_t granule = 0;
    if (calls.granularity(&granule, &properties, CU_MEM_ALLOC_GRANULARITY_MINIMUM) != CUDA_SUCCESS
        || mostBytes <= granule)
        return nullptr;
    const std::size_t reserved = (mostBytes + granule - 1) / granule * granule;
    CUdeviceptr begin = 0;
    if (calls.reserve(&begin, reserved, 0, 0, 0) != CUDA_SUCCESS)
        return nullptr;
    return std::make_unique<MappedMemory>(calls, device, begin, reserved, granule);
}

Expected<std::unique_ptr<GrowingMemory>> reserveOnCard(Stream& stream, std::size_t mostBytes) {
    stream.enter();
    if (const MappingCalls* calls = MappingCalls::of(stream.device()))
        if (auto mapped = mapOnCard(*calls, stream.device(), mostBytes))
            return mapped;
    return stream.allocate(mostBytes).transform(
        [](Buffer buffer) -> std::unique_ptr<GrowingMemory> {
            return std::make_unique<WholeMemory>(std::move(buffer));
        });
}

} // namespace lapidary::kernels::cuda
