#pragma once

#include <QObject>
#include <QString>
#include <QtQml/qqmlregistration.h>

namespace lapidary::app {

/// One piece of a memory bar. Bars show the pieces in the order of `Kind`; each kind has one colour
/// everywhere.
struct PlanPart {
    Q_GADGET
    QML_VALUE_TYPE(planPart)
    Q_PROPERTY(Kind kind MEMBER kind)
    Q_PROPERTY(QString name MEMBER name)
    Q_PROPERTY(QString text MEMBER text)
    Q_PROPERTY(double bytes MEMBER bytes)
    Q_PROPERTY(double fraction MEMBER fraction)

public:
    /// The first five are engine::MemoryPart.
    enum class Kind {
        Weights,
        Drafter,
        Cache,
        Activations,
        Workspace,
        Window,
        OtherPrograms,
        Free,
    };
    Q_ENUM(Kind)

    Kind kind = Kind::Weights;
    QString name; ///< "weights", translated
    QString text; ///< "13.0 GB"
    double bytes = 0;
    double fraction = 0; ///< of the bar's whole length

    bool operator==(const PlanPart&) const = default;
};

/// The name of a part, for people.
[[nodiscard]] QString partName(PlanPart::Kind kind);

/// "13.0 GB", "812 MB": units of 10⁹ and 10⁶ bytes, three figures.
[[nodiscard]] QString bytesText(double bytes);

} // namespace lapidary::app
