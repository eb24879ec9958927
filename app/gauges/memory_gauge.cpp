#include "memory_gauge.h"

#include "engine_session/engine_controller.h"

#include <algorithm>
#include <fstream>

#include <unistd.h>

namespace lapidary::app {
namespace {

/// Resident bytes of this process.
double residentBytes() {
    std::ifstream statm("/proc/self/statm");
    double total = 0;
    double resident = 0;
    statm >> total >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

void append(QList<PlanPart>& parts, PlanPart::Kind kind, double bytes, double capacity) {
    if (bytes <= 0)
        return;
    parts.append(
        {kind, partName(kind), bytesText(bytes), bytes, capacity > 0 ? bytes / capacity : 0});
}

QList<PlanPart> engineParts(const engine::MemoryPlan& plan, double capacity) {
    QList<PlanPart> parts;
    for (std::size_t part = 0; part < engine::kMemoryParts; ++part)
        append(parts, static_cast<PlanPart::Kind>(part), static_cast<double>(plan.bytes[part]),
               capacity);
    return parts;
}

} // namespace

MemoryGauge::MemoryGauge(EngineController& engine, QObject* parent)
    : QObject(parent), engine_(engine) {
    connect(&engine, &EngineController::memoryMeasured, this, &MemoryGauge::show);
}

void MemoryGauge::show(const engine::MemoryPlan& measured,
                       const kernels::DeviceDescription& device) {
    const auto capacity = static_cast<double>(device.totalBytes);
    const auto free = static_cast<double>(device.freeBytes);
    const auto model = static_cast<double>(measured.total());
    // On the CPU the model is part of this process; on a card the window's share is not known.
    const double window = device.id == "cpu" ? std::max(0.0, residentBytes() - model) : 0;
    const double others = std::max(0.0, capacity - free - model - window);
    // The figures are taken one after the other, so that together they may exceed the capacity; the
    // bar ends where its panel ends all the same.
    const double length = std::max(capacity, model + window + others + free);
    active_ = measured.total() > 0;
    parts_ = engineParts(measured, length);
    append(parts_, PlanPart::Kind::Window, window, length);
    append(parts_, PlanPart::Kind::OtherPrograms, others, length);
    append(parts_, PlanPart::Kind::Free, free, length);
    plan_ = active_ ? engineParts(engine_.plan(), length) : QList<PlanPart>();
    deviceName_ = QString::fromStdString(device.name);
    summary_ = tr("%1 of %2").arg(bytesText(capacity - free), bytesText(capacity));
    emit changed();
}

} // namespace lapidary::app
