#include "memory_verdict.h"

#include <QCoreApplication>
#include <QLocale>

#include <algorithm>

namespace lapidary::app {
namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("MemoryVerdict", text);
}

QList<PlanPart> barOf(const engine::MemoryPlan& plan) {
    const auto need = static_cast<double>(plan.total());
    const auto available = static_cast<double>(plan.availableBytes);
    const double length = std::max({need, available, 1.0});
    QList<PlanPart> parts;
    const auto append = [&](PlanPart::Kind kind, double bytes) {
        if (bytes > 0)
            parts.append({kind, partName(kind), bytesText(bytes), bytes, bytes / length});
    };
    for (std::size_t part = 0; part < engine::kMemoryParts; ++part)
        append(static_cast<PlanPart::Kind>(part), static_cast<double>(plan.bytes[part]));
    append(PlanPart::Kind::Free, available - need);
    return parts;
}

QString remedyFor(const engine::MemoryPlan& plan, const QString& nearest) {
    if (!nearest.isEmpty())
        return tr("“%1” fits.").arg(nearest);
    if (plan.fittingContextTokens > 0)
        return tr("A context of %1 tokens would fit.")
            .arg(QLocale().toString(plan.fittingContextTokens));
    return tr("Choose a smaller model.");
}

} // namespace

MemoryVerdict judgeMemory(const engine::MemoryPlan& plan, const kernels::DeviceDescription& device,
                          const QString& nearest) {
    const auto need = static_cast<double>(plan.total());
    const auto available = static_cast<double>(plan.availableBytes);
    const auto capacity = static_cast<double>(device.totalBytes);
    MemoryVerdict verdict;
    verdict.parts = barOf(plan);
    if (plan.fits()) {
        verdict.fit = Fit::Fits;
        verdict.mark = tr("fits");
        verdict.sentence =
            tr("Fits: needs %1 of %2 free.").arg(bytesText(need), bytesText(available));
    } else if (need <= capacity) {
        verdict.fit = Fit::FitsAfterClosing;
        verdict.mark = tr("fits if you close other programs");
        verdict.sentence = tr("Fits if you close other programs: needs %1, they leave %2 of %3; "
                              "%4 must become free.")
                               .arg(bytesText(need), bytesText(available), bytesText(capacity),
                                    bytesText(need - available));
    } else {
        verdict.fit = Fit::DoesNotFit;
        verdict.mark = tr("%1 short").arg(bytesText(need - available));
        verdict.sentence = tr("Does not fit: %1 short (needs %2, %3 are free). %4")
                               .arg(bytesText(need - available), bytesText(need),
                                    bytesText(available), remedyFor(plan, nearest));
    }
    return verdict;
}

} // namespace lapidary::app
