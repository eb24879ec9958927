#pragma once

#include <cstddef>

namespace lapidary::kernels::cuda {

struct CardMemory {
    std::size_t totalBytes = 0;
    std::size_t freeBytes = 0; ///< 0 also where a card is too full to be opened
};

/// The memory of a card. The runtime tells it only of a card that it has opened, which takes time
/// and some hundred megabytes a card; so the driver's management library (NVML) is asked first, and
/// the runtime where there is none or where it means another thing (a slice of a card, memory that
/// the card shares with the processor).
///   totalBytes  of the card by the runtime
[[nodiscard]] CardMemory memoryOf(int device, std::size_t totalBytes);

} // namespace lapidary::kernels::cuda
