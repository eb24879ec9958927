#pragma once

#include "library/plan_part.h"

#include <engine/memory/memory_plan.h>

#include <QList>
#include <QObject>
#include <QString>
#include <QtQml/qqmlregistration.h>

namespace lapidary::app {

class EngineController;

/// Where the memory of the device is: the plan's parts as measured, this window, other programs,
/// free. Lives on the UI thread; changes when the controller has measured, and never by itself.
class MemoryGauge final : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Application makes it")
    Q_PROPERTY(bool active READ active NOTIFY changed FINAL)
    /// The bar to the device's capacity, as measured.
    Q_PROPERTY(QList<lapidary::app::PlanPart> parts READ parts NOTIFY changed FINAL)
    /// The plan's parts on the same scale: the thin outline.
    Q_PROPERTY(QList<lapidary::app::PlanPart> plan READ plan NOTIFY changed FINAL)
    /// "5.1 of 24.0 GB".
    Q_PROPERTY(QString summary READ summary NOTIFY changed FINAL)
    Q_PROPERTY(QString deviceName READ deviceName NOTIFY changed FINAL)

public:
    explicit MemoryGauge(EngineController& engine, QObject* parent = nullptr);

    [[nodiscard]] bool active() const { return active_; }
    [[nodiscard]] QList<PlanPart> parts() const { return parts_; }
    [[nodiscard]] QList<PlanPart> plan() const { return plan_; }
    [[nodiscard]] QString summary() const { return summary_; }
    [[nodiscard]] QString deviceName() const { return deviceName_; }

    void show(const engine::MemoryPlan& measured, const kernels::DeviceDescription& device);

signals:
    void changed();

private:
    EngineController& engine_;
    bool active_ = false;
    QList<PlanPart> parts_;
    QList<PlanPart> plan_;
    QString summary_;
    QString deviceName_;
};

} // namespace lapidary::app
