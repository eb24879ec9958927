#include "replay_queries.h"

#include <QCoreApplication>

namespace lapidary::app {

EngineQueries replayQueries(const Recording& recording, double speed) {
    const auto tr = [](const char* text, int n = -1) {
        return QCoreApplication::translate("Replay", text, nullptr, n);
    };
    engine::ModelDescription model;
    model.name = recording.model.toStdString();
    model.format = tr("recording").toStdString();
    model.maxContextTokens = recording.contextTokens;
    model.seesImages = recording.seesImages;

    engine::Recipe recipe;
    recipe.id = "replay";
    recipe.title = tr("Replay").toStdString();
    recipe.summary = tr("%n recorded answer(s) at %1 times their speed",
                        static_cast<int>(recording.turns.size()))
                         .arg(speed)
                         .toStdString();

    kernels::DeviceDescription device;
    device.id = "replay";
    device.name = tr("a recording").toStdString();

    engine::MemoryPlan plan;
    plan.contextTokens = recording.contextTokens;
    return {.describe =
                [model](const std::filesystem::path& folder) {
                    engine::ModelDescription described = model;
                    described.folder = folder;
                    return described;
                },
            .plan = [plan](const auto&, const auto&, const auto&) { return plan; },
            .devices = [device] { return std::vector{device}; },
            .recipes = [recipe](const auto&) { return std::vector{recipe}; }};
}

} // namespace lapidary::app
