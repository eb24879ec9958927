#pragma once

#include "plan_part.h"

#include <engine/memory/memory_plan.h>
#include <kernels/device.h>

#include <QList>
#include <QString>

#include <cstdint>

namespace lapidary::app {

enum class Fit : std::uint8_t { Fits, FitsAfterClosing, DoesNotFit };

/// What a plan means on a device, in words and as a bar.
struct MemoryVerdict {
    Fit fit = Fit::Fits;
    QString mark;          ///< a few words for a row: "fits", "3.1 GB short"
    QString sentence;      ///< "Needs 15.2 of 22.6 GB free."
    QList<PlanPart> parts; ///< as fractions of what is free, or of the need when that is more

    bool operator==(const MemoryVerdict&) const = default;
};

/// Judges a plan. `nearest` names what would fit where the plan does not, or is "": "Long context".
[[nodiscard]] MemoryVerdict judgeMemory(const engine::MemoryPlan& plan,
                                        const kernels::DeviceDescription& device,
                                        const QString& nearest);

} // namespace lapidary::app
