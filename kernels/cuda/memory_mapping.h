#pragma once

#include "cuda/stream.h"
#include "growing_memory.h"

#include <cuda.h>

#include <cstddef>
#include <memory>

namespace lapidary::kernels::cuda {

/// The driver's calls that map memory. They are asked for at run time, because the program starts
/// on computers without the driver's library.
struct MappingCalls {
    decltype(&cuMemAddressReserve) reserve = nullptr;
    decltype(&cuMemAddressFree) freeAddresses = nullptr;
    decltype(&cuMemCreate) create = nullptr;
    decltype(&cuMemRelease) release = nullptr;
    decltype(&cuMemMap) map = nullptr;
    decltype(&cuMemUnmap) unmap = nullptr;
    decltype(&cuMemSetAccess) setAccess = nullptr;
    decltype(&cuMemGetAllocationGranularity) granularity = nullptr;

    /// Of the driver that runs; null where it or the card has none.
    [[nodiscard]] static const MappingCalls* of(int device);
};

/// Addresses on a card, whose memory is mapped in granules of the driver (2 MiB) as it grows. Null
/// where no more than one granule is asked for, or the driver has no such addresses.
[[nodiscard]] std::unique_ptr<GrowingMemory> mapOnCard(const MappingCalls& calls, int device,
                                                       std::size_t mostBytes);

/// Backend::reserve on a card: mapped as it grows where that can be, else all of it at once.
[[nodiscard]] Expected<std::unique_ptr<GrowingMemory>> reserveOnCard(Stream& stream,
                                                                     std::size_t mostBytes);

} // namespace lapidary::kernels::cuda
