#pragma once

#include <engine/recipe.h>

#include <QString>

namespace lapidary::app {

/// What to load: a model, how, and where.
struct LoadChoice {
    QString folder;
    engine::Recipe recipe;
    QString device = QStringLiteral("cpu"); ///< DeviceDescription::id

    bool operator==(const LoadChoice&) const = default;
};

} // namespace lapidary::app
