#pragma once

#include "backend.h"
#include "packer.h"

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace lapidary::kernels {

/// Packs on the processor, which uses mapped files in place: their pages are brought in here, where
/// progress is told and a cancel is heard, and not by the first token.
class HostPacker final : public Packer {
public:
    HostPacker(Backend& backend, Watch watch) : backend_(backend), watch_(std::move(watch)) {}

    [[nodiscard]] Expected<Weight> pack(const std::string& name, const WeightSource& source,
                                        WeightFormat as) override;
    [[nodiscard]] Expected<void> finish() override { return backend_.wait(); }

private:
    [[nodiscard]] Expected<void> readThrough(const std::string& name, WeightFormat format,
                                             std::span<const std::byte> place) const;

    Backend& backend_;
    Watch watch_;
};

} // namespace lapidary::kernels
