#pragma once

#include "error.h"

#include <algorithm>
#include <string>

namespace lapidary::kernels {

/// What a device's memory gives at best, in bytes a second: what decoding and loading are measured
/// against, in the same run.
struct Bandwidth {
    double read = 0; ///< a stream that is only read
    double copy = 0; ///< reads plus writes of a copy within the device; 0 on the processor
    double host = 0; ///< from pinned memory of the host to a card; 0 on the processor

    [[nodiscard]] double best() const { return std::max(read, copy); }
};

/// Measures it, for about a second: on a card over 4 GB (less where less is free), on the processor
/// over more than its caches hold. Nothing else should run.
///   threads  of the processor; 0: one a logical processor
///   NotFound, DoesNotFit, DeviceLost.
[[nodiscard]] Expected<Bandwidth> measureBandwidth(const std::string& device, int threads);

} // namespace lapidary::kernels
