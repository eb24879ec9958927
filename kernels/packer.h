#pragma once

#include "error.h"
#include "weight.h"

#include <cstddef>
#include <functional>
#include <string>

namespace lapidary::kernels {

/// Brings the matrices of a model to a device, one after another: `pack` for each, then `finish`.
/// Made by Backend::packer for one load, and used by one thread; what it took for itself is given
/// back at `finish`, or with it, which abandons what is under way.
class Packer {
public:
    /// Told how many more bytes of the sources were read, by the thread that calls; false: no more
    /// is wanted, and the call ends as Cancelled.
    using Watch = std::function<bool(std::size_t)>;

    Packer() = default;
    Packer(const Packer&) = delete;
    Packer& operator=(const Packer&) = delete;
    virtual ~Packer() = default;

    /// Backend::pack, but that the weight may be used after `finish` alone, until which its source
    /// stays: what `owner` does not keep, the caller does. Errors may be those of calls before.
    ///   name  of the tensor, for errors
    ///   DoesNotFit, Corrupt (codes that are NaN), Cancelled, DeviceLost.
    [[nodiscard]] virtual Expected<Weight> pack(const std::string& name, const WeightSource& source,
                                                WeightFormat as) = 0;

    /// Waits for the rest. Corrupt, Cancelled, DeviceLost.
    [[nodiscard]] virtual Expected<void> finish() = 0;
};

/// Of a tensor in which an e4m3 code is NaN (e4m3_codes.h).
[[nodiscard]] Error nanIn(const std::string& name);

} // namespace lapidary::kernels
