#pragma once

#include "error.h"

#include <cstddef>

namespace lapidary::kernels {

/// Memory whose addresses are given for its largest size, and of which the front is there. It grows
/// in place: what was written stays, and so does every pointer into it, those in recorded steps
/// among them. One thread; freed with the object, once nothing that is queued uses it any more.
class GrowingMemory {
public:
    GrowingMemory() = default;
    GrowingMemory(const GrowingMemory&) = delete;
    GrowingMemory& operator=(const GrowingMemory&) = delete;
    virtual ~GrowingMemory() = default;

    /// Where it begins, always.
    [[nodiscard]] virtual void* data() const = 0;

    /// What the device has given for it until now; bytes beyond must not be touched. More than was
    /// asked for where the device gives whole pages, even more than the largest size.
    [[nodiscard]] virtual std::size_t bytes() const = 0;

    /// Makes the first `bytes` of it usable; the new ones are uninitialised. Nothing is waited for,
    /// but this belongs between steps, not into one that is recorded. DoesNotFit when the device
    /// has no more: what was there stays.
    ///   bytes  at most what was reserved
    [[nodiscard]] virtual Expected<void> grow(std::size_t bytes) = 0;
};

} // namespace lapidary::kernels
