#include "plan_part.h"

#include <QCoreApplication>

namespace lapidary::app {

QString partName(PlanPart::Kind kind) {
    const auto tr = [](const char* text) { return QCoreApplication::translate("PlanPart", text); };
    switch (kind) {
    case PlanPart::Kind::Weights:
        return tr("weights");
    case PlanPart::Kind::Drafter:
        return tr("drafter");
    case PlanPart::Kind::Cache:
        return tr("cache");
    case PlanPart::Kind::Activations:
        return tr("activations");
    case PlanPart::Kind::Workspace:
        return tr("work");
    case PlanPart::Kind::Window:
        return tr("this window");
    case PlanPart::Kind::OtherPrograms:
        return tr("other programs");
    case PlanPart::Kind::Free:
        return tr("free");
    }
    return {};
}

QString bytesText(double bytes) {
    constexpr double kMega = 1e6;
    constexpr double kGiga = 1e9;
    const auto tr = [](const char* text) { return QCoreApplication::translate("PlanPart", text); };
    if (bytes >= 0.9995 * kGiga)
        return tr("%1 GB").arg(bytes / kGiga, 0, 'f', bytes < 99.95 * kGiga ? 1 : 0);
    return tr("%1 MB").arg(bytes / kMega, 0, 'f', bytes < 9.95 * kMega ? 1 : 0);
}

} // namespace lapidary::app
